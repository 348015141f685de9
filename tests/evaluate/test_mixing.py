"""Words of another language among those of a question: which, how many, and what is left of a score."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.evaluate.conftest import TOPIC, Write
from tests.evaluate.test_running import Likely, run

from weft.errors import WeftError
from weft.evaluate.mixing import lexicon_of
from weft.evaluate.models.contract import Continued, Likelihood
from weft.evaluate.perturb import perturbed
from weft.evaluate.suite import load

# Not reviewed by native speakers.
WHOLE = (
    "swh_Latn\tamh_Ethi\teng_Latn\tprobability\n"
    "safari\tጉዞ\tjourney\t0.8\nsafari\t\ttrip\t0.2\ntreni\tየባቡር\ttrain\t1\n"
    "daktari wa meno\t\tdentist\t1\nmeno\t\tteeth\t1\n"
)
MIXED = "    noise: {kinds: [mixed], strength: 0.5, lexicon: words.tsv, into: eng_Latn}\n"


def test_a_share_of_the_words_is_in_the_other_language(write: Write, tmp_path: Path) -> None:
    write("words.tsv", WHOLE)
    held = lexicon_of(tmp_path, "words.tsv", "eng_Latn")
    texts = ["Safari ya treni ni ndefu, safari 12 ya treni", "Daktari wa meno", "Hakuna neno", "የባቡር ጉዞ"]
    languages = ["swh_Latn"] * 3 + ["amh_Ethi"]

    def mixed(strength: float, seed: int = 0) -> list[str | None]:
        found = perturbed(texts, list("abcd"), languages, "mixed", strength=strength, seed=seed, lexicon=held)
        return [None if one is None else one.text for one in found]

    every = mixed(1.0)
    assert re.fullmatch(r"(Journey|Trip) ya train ni ndefu, (journey|trip) 12 ya train", every[0] or "")
    assert every[1:] == ["Dentist", None, "train journey"]
    # Eight words, of which a quarter: two.
    (one, *_) = perturbed(texts[:1], ["a"], languages[:1], "mixed", strength=0.25, lexicon=held)
    assert one is not None and one.changes == 2
    assert sum(word in one.text for word in ("ourney", "rip", "train")) > 0
    assert mixed(0.25) == mixed(0.25) and len({mixed(0.25, seed)[0] for seed in range(12)}) > 1
    assert perturbed(texts[3:], ["d"], languages[3:], "mixed", strength=1.0, lexicon=held)[0].text == every[3]  # type: ignore[union-attr]
    with pytest.raises(WeftError, match="noise mixed: no lexicon"):
        perturbed(texts, list("abcd"), languages, "mixed")


def test_a_word_list_of_each_language(write: Write, tmp_path: Path) -> None:
    write("words/sw.tsv", "word\ttranslation\tforward\tconfidence\nsafari\tjourney\t1\t0.9\nsafari\tSafari\t1\t0.5\n")
    write("words/am.tsv", 'word\ttranslation\nጉዞ\tjourney\n"ጉዞ"\tway\n')
    write("words/en.tsv", "word\ttranslation\nx\ty\n")
    held = lexicon_of(tmp_path, "words/{language}.tsv", "eng_Latn")
    assert held.languages == ("amh_Ethi", "swh_Latn")
    found = perturbed(["safari", "ጉዞ", "x"], list("abc"), ["swh_Latn", "amh_Ethi", "eng_Latn"], "mixed", lexicon=held)
    assert [None if one is None else one.text for one in found] == ["journey", "journey", None]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("sw.tsv", "word\ttranslation\na\tb\n\tc\n", "sw.tsv, row 2: word is empty"),
        ("sw.tsv", "word\ttranslation\na\n", "sw.tsv, row 1: translation is empty"),
        ("sw.tsv", "word\ttranslation\tconfidence\na\tb\tmuch\n", "sw.tsv, row 1: confidence is no number from 0 to 1"),
        ("sw.tsv", "word\ttranslaton\na\tb\n", "no column translation; it has word, translaton"),
        ("sw.tsv", "word\ttranslation\na\tA\n", "sw.tsv: no word with another translation"),
        ("zz-none.tsv", "word\ttranslation\na\tb\n", "'zz-none' is no language that is known"),
        ("sw.csv", "word\ttranslation\na\tb\n", "no file words/{language}.tsv in the data folder"),
    ],
)
def test_faulty_word_lists(write: Write, tmp_path: Path, name: str, text: str, said: str) -> None:
    write(f"words/{name}", text)
    with pytest.raises(WeftError, match=re.escape(said)):
        lexicon_of(tmp_path, "words/{language}.tsv", "eng_Latn")


def value(pair: Continued) -> Likelihood:
    """Knows texts without a word of English in them; of others it says one thing."""
    text = pair.context.rsplit("\n", 1)[0]
    health = int(text.rsplit(" ", 1)[1]) % 2 == 1 and not re.search("[a-z]+ist|[a-z]+ney|[a-z]+ain", text)
    return Likelihood(-1.0 if pair.continuation == (" health" if health else " travel") else -2.0, 1)


def test_robustness_to_mixed_words(write: Write, topics: Path) -> None:
    write("words.tsv", WHOLE)
    made = run(write, topics, Likely(value), TOPIC + MIXED)
    held = {(one.language, one.metric, one.slice): one for one in made.scores}
    assert held["swh_Latn", "accuracy", None].value == 1.0
    # Of Swahili travel is still right and health is not; the Amharic lexicon has the words of travel alone.
    assert held["swh_Latn", "robustness", "noise=mixed"].value == 0.5
    assert held["amh_Ethi", "robustness", "noise=mixed"].value == 1.0
    assert held["amh_Ethi", "robustness", "noise=mixed"].items == 4
    assert [(one.language, one.reason, one.noise) for one in made.not_run] == [("khm_Khmr", "no_words", "mixed")]
    # Khmer was asked without noise, and is in the mean.
    (average,) = made.to_json()["averages"]
    assert (average["languages"], average["not_run"]) == (3, [])
    prompts = made.outcomes["topic.mixed"].filter(language="swh_Latn")["prompt"].to_list()
    assert len(prompts) == 8 and all(
        "topic is:" in one and re.search("journey|trip|train|dentist", one.lower()) for one in prompts
    )


def test_a_broken_lexicon_costs_its_noise_and_no_more(write: Write, topics: Path) -> None:
    made = run(write, topics, Likely(value), TOPIC + MIXED)
    assert [(one.language, one.reason, one.noise) for one in made.not_run] == [("", "broken_list", "mixed")]
    assert (
        made.not_run[0].detail == "noise mixed: no file words.tsv; expected a lexicon, with a column for each language"
    )
    assert {one.language for one in made.scores} == {"swh_Latn", "amh_Ethi", "khm_Khmr"}
    assert made.to_json()["averages"][0]["not_run"] == []


@pytest.mark.parametrize("kept", ["kinds: [mixed]", "kinds: [mixed], lexicon: a.tsv", "kinds: [typos], into: eng_Latn"])
def test_what_belongs_together(write: Write, kept: str) -> None:
    with pytest.raises(WeftError, match="kind mixed, lexicon and into belong together"):
        load(str(write("suite.yaml", TOPIC + f"    noise: {{{kept}}}\n")))
