"""How runs of synthesis are put into words: names of steps, why a document gives no record, what people decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

STATES = {"allowed": "released", "held": "held back", "unknown": "not rated"}
"""What the release gate says of a recipe in a language."""
REASONS = {
    "adds_numbers": "What was written has a number that the document has not.",
    "copied": "What was written stands in the document.",
    "coverage": "The sentence does not say all of its facts.",
    "cut_off": "The answer was cut off.",
    "declined": "The model declined.",
    "disagreement": "The answers of the model do not agree.",
    "empty": "Nothing was written.",
    "has_language": "The pair has a side in this language already.",
    "judge_disagrees": "The judge does not rank the answers alike in both orders.",
    "kind_capped": "There are enough records of this kind of fault.",
    "language_bound": "The task belongs to one language.",
    "language_not_in_lexicon": "The lexicon has no such language.",
    "length": "It is too long or too short for the step.",
    "length_ratio": "The rejected answer is too long or too short beside the chosen one.",
    "license": "A licence does not allow it.",
    "margin": "The best answer is hardly better than the worst.",
    "no_answer": "There was no answer that could be read.",
    "no_answer_given": "The model gave no answer.",
    "no_answer_span": "The answer does not stand in the passage.",
    "no_damage_fits": "No worse version keeps to the bounds of length and likeness.",
    "no_entity": "No known name stands in it.",
    "no_evidence": "The evidence does not stand in the document.",
    "no_fact": "It states no fact.",
    "no_language": "Its language is not known.",
    "no_language_for_all": "No language has another label for every name.",
    "no_lead": "It has no lead or headline.",
    "no_match": "No other text has its pivot text.",
    "no_messages": "It is no conversation.",
    "no_paraphrase": "No paraphrase came back.",
    "no_passage": "It has no passage of the length that is asked for.",
    "no_pivot": "The pair has no side in the pivot language.",
    "no_question": "It ends with no question.",
    "no_questions": "No question was written.",
    "no_record": "The step made nothing of it.",
    "no_reply": "The service did not answer.",
    "no_rule": "There are no rules for its script or language.",
    "no_score": "It has no score.",
    "no_such_side": "The pair has no side in the language that is wanted.",
    "no_translation": "A piece of it was not translated.",
    "no_user_message": "It has no message of a user.",
    "not_a_pair": "It is no pair; the step takes pairs alone (kind: pair of its source).",
    "not_drawn": "It was not drawn: the plan wants fewer texts.",
    "not_plain_text": "It is no plain text; the step takes nothing else.",
    "not_projected": "What was marked could not be carried over to the other side.",
    "nothing_to_change": "Nothing in it can be changed in this way.",
    "numbers_changed": "A number was changed, lost or added.",
    "one_answer": "All samples of the answer are one, empty or cut off.",
    "one_language": "It is in one language alone, and nothing translates it.",
    "other_kind": "It is of another kind (text, pair, conversation) than the step takes.",
    "other_language": "It is in another language than the step takes.",
    "other_matter": "Lead and text are about other matters.",
    "placeholder_lost": "Code, a number or a URL was lost in translation.",
    "question_language": "The question is in another language than the step takes.",
    "repeated_turn": "A turn stands twice.",
    "same_answer": "The chosen and the rejected answer are the same.",
    "same_language": "It is in the language already.",
    "source_language": "It is in another language than the step takes.",
    "target_missed": "The text is not of the kind that was asked for.",
    "too_alike": "Both texts are too much alike.",
    "too_far": "The paraphrase is too far from the text.",
    "too_few_known_words": "The lexicon knows too few of its words.",
    "too_few_words": "Too few of its words can be switched.",
    "too_long": "It is too long.",
    "too_short": "It is too short.",
    "translated": "It is a translation.",
    "ungrounded": "What was written does not stand in the document.",
    "untranslated": "It could not be translated.",
}
"""Why a document gives no record, by the code that steps state."""


def labelled(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """Short names of steps; those of one operator are told apart by their places in the recipe: `2 noise`."""
    shared = Counter(step["recipe"] for step in steps)
    made, place = [], 0
    for step in steps:
        name = str(step["recipe"])
        place += name.startswith("synthesize.")
        short = name.removeprefix("synthesize.")
        made.append(f"{place} {short}" if shared[name] > 1 else short)
    return made


def unjudged(gates: Mapping[str, Mapping[str, Mapping[str, int]]]) -> dict[str, list[str]]:
    """Gates that judged none of the parts that they saw in a language, by language."""
    found = {
        code: sorted(gate for gate, said in held.items() if said.get("unjudged") and set(said) == {"unjudged"})
        for code, held in gates.items()
    }
    return {code: held for code, held in sorted(found.items()) if held}
