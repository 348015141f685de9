"""The rules that a recipe has when it states none: in order, under names that a person understands."""

from __future__ import annotations

_REPEATED_PASSAGES = " AND ".join(f"signals.dup_{n}gram <= threshold.dup_{n}gram" for n in range(5, 11))
_REPEATED_PHRASES = " AND ".join(f"signals.top_{n}gram <= threshold.top_{n}gram" for n in range(2, 5))
_FEW_LINES = "signals.lines < 4"
"""A share of so few lines says nothing about how a page is written."""
_ONE_SENTENCE = "signals.dup_5gram * signals.chars < 150"
"""A title or one sentence that occurs twice outweighs a share of a short page, and is no fault of it."""

_MANY_WORDS = 40
"""Below, a phrase of four words makes up much of a text that holds it once."""
_LONG_ENOUGH = 150
"""Words from which a text has to hold a stop word: in Zulu, Telugu or Korean they are bound to other words, and a
page of eighty words may have none."""

DEFAULT_RULES: dict[str, str] = {
    "language": "lid.score >= threshold.lid AND lid.language NOT LIKE 'und%' AND lid.language NOT LIKE 'zxx%'",
    "too_short": "signals.words >= threshold.words",
    "too_long": "signals.words <= threshold.words_max",
    "repeated_lines": (
        f"{_FEW_LINES} OR (signals.dup_line_frac <= threshold.dup_line_frac "
        "AND signals.dup_line_char <= threshold.dup_line_char AND signals.char_dup <= threshold.char_dup)"
    ),
    "repeated_paragraphs": (
        "signals.dup_para_frac <= threshold.dup_para_frac AND signals.dup_para_char <= threshold.dup_para_char"
    ),
    "repeated_phrases": f"signals.words < {_MANY_WORDS} OR ({_REPEATED_PHRASES})",
    "repeated_passages": f"{_ONE_SENTENCE} OR ({_REPEATED_PASSAGES})",
    "word_length": (
        "signals.mean_word_length >= threshold.mean_word_length_min "
        "AND signals.mean_word_length <= threshold.mean_word_length_max"
    ),
    "symbols": "signals.hash_ratio <= threshold.hash_ratio AND signals.ellipsis_ratio <= threshold.ellipsis_ratio",
    "bullets": f"signals.bullet_lines <= threshold.bullet_lines OR {_FEW_LINES}",
    "cut_lines": f"signals.ellipsis_lines <= threshold.ellipsis_lines OR {_FEW_LINES}",
    "few_letters": "signals.alpha_words >= threshold.alpha_words",
    "no_stop_words": (
        f"signals.stop_words IS NULL OR signals.stop_words >= threshold.stop_words OR signals.words < {_LONG_ENOUGH}"
    ),
    "unfinished_lines": f"signals.line_punct >= threshold.line_punct OR {_FEW_LINES}",
    "lists": f"signals.new_line <= threshold.new_line OR {_FEW_LINES}",
}
"""`short_line` is not used (as in FineWeb-2): verse, dialogue and many scripts have short lines."""

REASONS: dict[str, str] = {
    "language": "the language is not certain enough, or none was recognised",
    "too_short": "fewer words than a short paragraph has",
    "too_long": "more words than a page has",
    "repeated_lines": "too many lines occur more than once",
    "repeated_paragraphs": "too many paragraphs occur more than once",
    "repeated_phrases": "one phrase of two to four words makes up much of the text",
    "repeated_passages": "passages of five to ten words come again and again",
    "word_length": "words are shorter or longer than the language has them",
    "symbols": "many hash signs or ellipses",
    "bullets": "almost every line is a list item",
    "cut_lines": "many lines are cut off",
    "few_letters": "many tokens hold no letter",
    "no_stop_words": "too few of the language's most common words",
    "unfinished_lines": "few lines end a sentence",
    "lists": "very short lines, like a menu or a table",
    "contaminated": "it holds an item of an evaluation set",
    "seen_before": "an earlier release holds it, or nearly the same",
    "duplicate": "another document of its cluster was kept",
    "not_allowed": "licence or consent does not allow it",
    "not_drawn": "the mixture holds less of its language than there is",
    "nothing_left": "all of its text is repeated from elsewhere and was cut",
}
"""What each rule removes, in words for the report and the card.

`contaminated` and `seen_before` are names that the guides give."""
