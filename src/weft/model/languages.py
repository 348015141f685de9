"""Language codes as `iso639-3_Script` (`swh_Latn`), from BCP-47 tags, ISO codes and names."""

from __future__ import annotations

import difflib
import functools
import re

CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")
"""The form of a code."""
# Macrolanguages as the individual language that a bare code nearly always means (FLORES, NLLB, GlotLID).
INDIVIDUAL = {
    "ara": "arb", "aze": "azj", "est": "ekk", "lav": "lvs", "mon": "khk", "nep": "npi", "ori": "ory", "swa": "swh",
    "uzb": "uzn", "sqi": "als", "mlg": "plt", "orm": "gaz", "yid": "ydd", "msa": "zsm", "pus": "pbt", "fas": "pes",
    "kur": "kmr", "zho": "cmn", "nor": "nob", "grn": "gug", "aym": "ayr", "din": "dik", "que": "quy", "ful": "fuv",
    "fil": "tgl", "kon": "kon", "hbs": "srp", "bih": "bho",
}  # fmt: skip
GROUPS = {
    "ara_Arab": "arb_Arab", "hbs_Latn": "hrv_Latn", "hbs_Cyrl": "srp_Cyrl", "msa_Latn": "ind_Latn",
    "zho_Hant": "cmn_Hant", "fas_Arab": "pes_Arab", "aka_Latn": "twi_Latn", "man_Latn": "bam_Latn",
    "ber_Tfng": "zgh_Tfng",
}  # fmt: skip
"""Codes by which the identifier answers languages that it cannot tell apart, and one of these: its lists serve all."""
RIGHT_TO_LEFT = frozenset(
    "Adlm Arab Aran Armi Avst Chrs Cprt Elym Hatr Hebr Hung Khar Lydi Mand Mani Mend Merc Mero Narb Nbat Nkoo Orkh "
    "Ougr Palm Phli Phlp Phnx Prti Rohg Samr Sarb Sogd Sogo Syrc Thaa Yezi".split()
)
_SPECIAL_SCRIPT = {"cmn": "Hans", "yue": "Hant", "lzh": "Hant", "kor": "Hang", "jpn": "Jpan", "srp": "Cyrl"}


@functools.lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """`swh_Latn` of `sw`, `swh`, `sw-TZ`, `swa_Latn`, `Swahili` or `Kiswahili`.

    A script that is not given is the language's most likely one (CLDR likely subtags). Raises ValueError naming the
    nearest known names when `text` is no language.
    """
    import langcodes
    from langcodes.tag_parser import LanguageTagError

    given = text.strip()
    tag = given.replace("_", "-")
    if CODE.fullmatch(given) and given.startswith("und_"):
        return given
    try:
        language = langcodes.Language.get(tag)
        known = language.language is not None and language.is_valid()
    except LanguageTagError:
        known = False
    if not known:
        try:
            language = langcodes.find(given)
        except LookupError:
            raise ValueError(
                f"{text!r} is no language that is known; expected a code such as swh_Latn{_near(given)}"
            ) from None
    base = given[:3]
    if CODE.fullmatch(given) and langcodes.Language.get(base, normalize=False).is_valid():
        code = (
            base  # langcodes would make the usual language of it: Persian of Dari (prs), Serbian of Montenegrin (cnr)
        )
    else:
        code = _alpha3(language)
    code = INDIVIDUAL.get(code, code)
    return f"{code}_{_script(language, code)}"


@functools.lru_cache(maxsize=4096)
def tag(code: str) -> str:
    """The shortest tag that `normalise` takes back to a code: `sw` of `swh_Latn`, `zh-Hant` of `cmn_Hant`."""
    import langcodes

    base, _, script = code.partition("_")
    wide = langcodes.standardize_tag(base, macro=True) if base != "und" else base
    for made in (wide, base, f"{wide}-{script}", f"{base}-{script}"):
        if normalises(made) == code:
            return made
    return code


def normalises(text: str) -> str | None:
    """What `normalise` makes of a text; None where it is no language."""
    try:
        return normalise(text)
    except ValueError:
        return None


def _alpha3(language: object) -> str:
    try:
        return str(language.to_alpha3())  # type: ignore[attr-defined]
    except LookupError:
        return str(language.language)  # type: ignore[attr-defined]


def _script(language: object, code: str) -> str:
    given = language.script  # type: ignore[attr-defined]
    if given:
        return {"Hani": "Hans", "Kore": "Hang"}.get(str(given), str(given))
    if code in _SPECIAL_SCRIPT and not (code == "cmn" and language.territory in ("TW", "HK", "MO")):  # type: ignore[attr-defined]
        return _SPECIAL_SCRIPT[code]
    return str(language.maximize().script or "Zyyy")  # type: ignore[attr-defined]


def _near(text: str) -> str:
    close = difflib.get_close_matches(text.title(), _english_names(), n=2, cutoff=0.7)
    return f"; did you mean {' or '.join(close)}?" if close else ""


@functools.cache
def _english_names() -> list[str]:
    """Names of the languages whose usual script CLDR knows: only for suggestions."""
    import langcodes
    from langcodes.data_dicts import LIKELY_SUBTAGS

    codes = [code for code in LIKELY_SUBTAGS if code.isalpha() and len(code) <= 3 and code != "und"]
    return [langcodes.Language.get(code).display_name() for code in codes]


_WIDER = {
    individual: wide for wide, individual in INDIVIDUAL.items() if wide != individual and wide not in ("fil", "hbs")
}


RECORDS = {"sft": "conversations", "dpo": "preferences", "pairs": "pairs"}
"""What the folders of records hold, by their names."""
_NAMES = {"hbs": "Serbo-Croatian", "zxx": "no language"}  # CLDR calls the first Serbian


@functools.lru_cache(maxsize=4096)
def name(code: str) -> str:
    """English name of a code, or of a place such as sft/swh_Latn; the code itself when none is known."""
    import langcodes

    folder, mark, rest = code.rpartition("/")
    if mark:
        return f"{' and '.join(name(part) for part in rest.split('-'))}: {RECORDS.get(folder, folder)}"
    base, _, script = code.partition("_")
    if base == "und":
        return f"unknown language ({script_name(script)})" if script else "unknown language"
    if base.startswith("zxx-"):
        return f"{base[4:]} ({script_name(script)})"
    if base in _NAMES:
        return f"{_NAMES[base]} ({script_name(script)})" if script else _NAMES[base]
    found = langcodes.Language.get(base).display_name()
    if "(" in found and base in _WIDER:
        found = langcodes.Language.get(_WIDER[base]).display_name()
    if found.startswith("Unknown language"):
        return code
    return found if script in (normalise(base).partition("_")[2], "") else f"{found} ({script_name(script)})"


@functools.lru_cache(maxsize=4096)
def autonym(code: str) -> str:
    """The language's name for itself; the English name when none is known."""
    import langcodes

    if "/" in code:
        return name(code)
    base, _, script = code.partition("_")
    for known in (base, _WIDER.get(base)):
        if known is not None and base != "und":
            tag = langcodes.standardize_tag(f"{known}-{script}" if script else known)
            found = langcodes.Language.get(tag).autonym().partition(" (")[0]
            plain = langcodes.Language.get(tag).language_name(tag).partition(" [")[0]
            if f"[{known}]" not in langcodes.Language.get(tag).autonym() and found == plain and found != known:
                return found
    return name(code)


def script_name(script: str) -> str:
    """English name of an ISO 15924 code."""
    import langcodes

    return langcodes.Language.make(script=script).script_name()


def direction(code: str) -> str:
    """`rtl` or `ltr`, by the script of a code such as `urd_Arab`."""
    return "rtl" if code.rpartition("_")[2] in RIGHT_TO_LEFT else "ltr"
