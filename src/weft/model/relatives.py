"""Which languages are related: groups of ISO 639-5, from narrow to wide.

The groups and what they belong to are those of CLDR (supplemental data, languageGroup; Unicode License v3), for the
languages that the identifier knows and those of the texts that weft was tried on. Some two dozen languages that CLDR
has in no group (Betawi, Dabarre, Hunsrik, …), or in a wide one alone (Iban, N'Ko), stand with their nearest relatives;
isolates have none.
"""

from __future__ import annotations

import functools

_MEMBERS = {
    "alg": "mic ojb oji pot csw",
    "alv": "ada ajg aka akp bba bci bin dag dop dyo efi ewe fat fon fuf fuv gaa gur ibb ibo idu iso kbp kdh kqs lia "
    "lko lns lob mfq mor mos nku nzi snw srr tbz tem tiv twi urh wol wwa xsm yor",
    "apa": "nav",
    "art": "epo ido ina",
    "aus": "piu",
    "awd": "cab cni cot not",
    "bat": "lit ltg lvs",
    "ber": "ber kab shi taq tzm zgh",
    "bnt": "bem bum cce cgg cjk dov guz her kam kde kik kin kmb kng kon koo kqn ktu kua kwn lin loz lsm lua lub lug "
    "lun lwg mer mhw myx nba nbl ndc ndo nle nso nuj nya nym nyn nyu run sna sot ssw suk swb swh toh toi tsc tsn tso "
    "ttj tum umb ven xho xog yao zdj zul",
    "btk": "bbc bts btx",
    "cau": "ava che inh",
    "cba": "cjp",
    "ccn": "abk ady kbd",
    "ccs": "kat xmf",
    "cdc": "hau",
    "cel": "bre cym gla gle glv",
    "cmc": "ace",
    "cpe": "bis djk jam kri pcm pis srn tpi",
    "cpf": "cpf crs hat mfe",
    "cpp": "cri kea pap pov",
    "csu": "laj lgg luc mhi",
    "cus": "aar dbr gaz gex jii orm som",
    "dmn": "bam dyu emk gkp man men nqo sus vai",
    "dra": "brh kan mal tam tel",
    "egx": "cop",
    "esx": "ike kal",
    "euq": "eus",
    "fiu": "ekk est fin hun koi kpv krl mdf myv udm vep",
    "fox": "ami",
    "gmq": "dan fao isl nno nob swe",
    "gmw": "afr deu eng fry gsw hrx lim ltz nds nld sco ydd yid",
    "grk": "ell",
    "hmx": "hea hms hnj",
    "ijo": "ijs",
    "inc": "asm awa ben bho ccp ctg div doi gom guj hin hne hns kas mag mai mar mwr nep npi ory pan pnb rhg rmn rom "
    "san sin skr snd syl trw urd",
    "ine": "als hye sqi",
    "ira": "bal ckb fas glk hac kmr oss pbt pbu pes prs tgk zza",
    "iro": "chr",
    "itc": "lat",
    "jpx": "jpn",
    "khi": "naq",
    "mkh": "kha khm mnw vie",
    "mun": "sat",
    "myn": "cak jac kek mam quc toj tzh tzo usp yua",
    "nah": "nhg",
    "ngb": "sag",
    "omq": "amu chj chq csa mzi zam zap ztu",
    "omv": "kbr wal",
    "oto": "maz ote",
    "paa": "gbi",
    "phi": "bcl ceb hil ilo pag pam tgl war",
    "plf": "tdt tet",
    "poz": "bew bjn buc bug iba ind jav mad mak min mlg msa nij plt pmy zlm zsm",
    "pqe": "chk fij haw mah mri niu pon rar smo tah ton yap",
    "pqw": "ban cha pau ppk sun",
    "qwe": "qug quh qul quy quz qva qvh qvn qwh qxn qxu",
    "roa": "ast cat cos fra frp fur glg ita lij lld lmo mwl mxi oci pcd por roh ron rup scn spa src srd vec",
    "sdv": "ach adh alz anu bfa dik dip keo kln lot luo mas nus oki saq shk teo tuv",
    "sem": "acm acq aeb aii ajp amh apc ara arb arq ars ary arz heb mlt syr tir",
    "sit": "bod cfm cnh ctd enu hlt hni iii kac lus mni mya new njo tji trp",
    "smi": "sme smn sms",
    "son": "ddn dje",
    "ssa": "fvr knc udu",
    "syd": "nio yrk",
    "tai": "kkh lao shn tha zyb",
    "tbq": "brx duu dzo",
    "trk": "alt aze azb azj bak chv cjs crh gag kaa kaz kir kjh sah slr tat tuk tur tyv uig uzb uzn",
    "tup": "gnw gug gyr srq",
    "tuw": "eve evn gld oaa orh",
    "xgn": "bxr khk mon",
    "zhx": "cmn wuu yue zho",
    "zle": "bel rus ukr",
    "zls": "bos bul cnr hbs hrv mkd slv srp",
    "zlw": "ces pol slk szl",
    "znd": "zne",
}
_WITHIN = {
    "afa": "ber cdc cus egx omv sem",
    "alv": "bnt",
    "aql": "alg",
    "ath": "apa",
    "azc": "nah",
    "cau": "ccn",
    "crp": "cpe cpf cpp",
    "fiu": "smi",
    "gem": "gmq gmw",
    "iir": "inc ira",
    "ine": "bat cel gem grk iir itc sla",
    "itc": "roa",
    "map": "fox poz",
    "nic": "alv dmn ijo ngb znd",
    "omq": "oto",
    "poz": "btk cmc phi plf pqe pqw",
    "sit": "tbq zhx",
    "sla": "zle zls zlw",
    "ssa": "csu sdv son",
    "tut": "trk tuw xgn",
    "aav": "mkh mun",
    "urj": "fiu syd",
    "xnd": "ath",
}
OTHERS = "other"
"""What every language belongs to in the end."""


@functools.cache
def _groups() -> dict[str, str]:
    return {language: group for group, members in _MEMBERS.items() for language in members.split()}


@functools.cache
def _wider() -> dict[str, str]:
    return {group: wide for wide, members in _WITHIN.items() for group in members.split()}


def lineage(code: str) -> tuple[str, ...]:
    """What a language belongs to, from narrow to wide: groups of ISO 639-5, its script, OTHERS.

    `ces_Latn`: `zlw`, `sla`, `ine`, `Latn`, `other`. A language of no known group, as `und_Latn`, has its script alone.
    """
    language, _, script = code.partition("_")
    found: list[str] = []
    group = _groups().get(language)
    while group is not None:
        found.append(group)
        group = _wider().get(group)
    return (*found, *([script] if script else []), OTHERS)


def name(group: str) -> str:
    """English name of a group, or of a script; `other` stays."""
    import langcodes

    if group == OTHERS:
        return OTHERS
    if group.istitle():
        return langcodes.Language.make(script=group).script_name()
    return langcodes.Language.get(group).display_name()
