"""What signals of pairs and heads of scorers are, in words for readers of a page."""

from __future__ import annotations

_OF_SIDE = {
    "units": "words (characters of scripts without spaces)",
    "signs": "share of punctuation and symbols",
    "digits": "share of digits",
    "script": "share of letters in the script of the language",
    "stop_words": "share of frequent words",
    "stop_words_z": "frequent words, in standard deviations from what is usual",
    "repeated": "share of runs of three words that stood there before",
    "run": "longest run of one character",
    "longest_word": "letters of the longest word",
    "mojibake": "traces of a broken encoding",
    "language": "1 where the identifier says another language",
    "tokens": "words between white space",
    "longest_token": "characters of the longest word between white space",
    "mean_token": "mean characters of words between white space",
    "letters_of_all": "share of letters among all characters",
    "length": "characters",
    "tags": "tags, placeholders and entities",
}
_OF_PAIR = {
    "units": "words of the side that has fewer (characters of scripts without spaces)",
    "length_units": "words beside those of the other side: distance from the usual length (Gale and Church's z)",
    "length_characters": "characters beside those of the other side: distance from the usual length (z)",
    "ratio_tokens": "words of the longer side for each of the shorter",
    "ratio_length": "characters of the longer side for each of the shorter",
    "numbers_differ": "groups of digits that both sides have and the other lacks",
    "numbers_missing": "groups of digits that one side lacks",
    "numbers_ratio": "share of the groups of digits that both sides have",
    "ending": "how far the marks at the end are apart: 3 a question beside none, 2 an exclamation, 1 a comma",
    "english_stops": "penalty for differing and repeated . ? ! (0 is none)",
    "addresses": "addresses that one side has more of",
    "markup": "tags and placeholders that one side has more of",
    "copied": "share of the target's words that the source has",
    "same": "1 where both sides have the same words in the same order",
    "casing": "difference of the shares of capitals",
    "depth": "machine steps from a human text",
}
HEADS = {
    "mismatch": "no translation: another text, or the next one",
    "truncated_source": "the end of the source is missing",
    "truncated_target": "the end of the target is missing",
    "number": "numbers of one side are not on the other",
    "copy": "the target is the source",
    "fluency_source": "the source is not written as its language is",
    "fluency_target": "the target is not written as its language is",
}


def of_signal(name: str) -> str:
    """A signal in words; the name itself where nothing is known of it."""
    side, _, rest = name.partition("_")
    if side in ("source", "target") and rest in _OF_SIDE:
        return f"{side}: {_OF_SIDE[rest]}"
    return _OF_PAIR.get(name, name)
