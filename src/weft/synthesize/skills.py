"""Names of skills: what a record teaches, and what an instruction asks for."""

from __future__ import annotations

from collections.abc import Mapping

SKILLS: Mapping[str, str] = {
    "instruction": "following an instruction: the answer is text that a person wrote",
    "cross_lingual": "answering in another language than that of the question",
    "question_answering": "answering a question from a given passage",
    "culture": "knowing people, places, food, customs and what else belongs to speakers of the language",
    "dialogue": "keeping up a conversation about a text",
    "paraphrase": "saying the same in other words",
    "writing": "writing a text of a given kind",
}
"""Skills of the records that the recipes of instructions make, beside those of TASKS, which translated ones keep."""

TASKS: Mapping[str, str] = {
    "mathematics": "calculating, proving, word problems",
    "coding": "writing, explaining or repairing programs, queries and commands",
    "reasoning": "logic, planning, comparing, cause and effect",
    "knowledge": "facts that do not depend on a country or a culture: nature, science, technology, health",
    "summarization": "making a given text shorter",
    "extraction": "finding, listing or sorting what a given text holds",
    "classification": "assigning a given text to one of several classes",
    "explanation": "explaining how something works or how something is done",
    "brainstorming": "collecting ideas, titles, examples or questions",
    "writing": "letters, reports, stories and other texts whose form belongs to no language",
    "conversation": "advice and talk about everyday matters",
    "wordplay": "puns, rhymes, riddles, acrostics, and whatever lives from how words sound or are spelled",
    "grammar": "spelling, grammar, style, synonyms or vocabulary of a language",
    "translation": "translating between languages",
    "culture": "people, laws, institutions, holidays, media, brands or customs of one country or culture",
    "other": "anything else",
}
"""What an instruction can ask for."""

OTHERS: Mapping[str, str] = {
    "translation": "translating between languages",
    "preference": "telling the better of two answers",
    "code_switch": "reading text with words of another language in it",
    "noise": "reading text with other spellings",
    "other_script": "reading the language in another script",
    "named_entities": "finding names in a text",
    "inference": "telling whether one sentence follows from another",
    "fact_extraction": "writing the facts that a sentence states",
    "data_to_text": "writing a sentence that states given facts",
    "summarization": "making a text shorter",
    "classification": "assigning a text to one of several classes",
}
"""Skills of the records that all other recipes make."""

NEUTRAL = (
    "mathematics", "coding", "reasoning", "knowledge", "summarization", "extraction", "classification", "explanation",
    "brainstorming", "writing", "conversation",
)  # fmt: skip
"""Tasks that are the same in every language, so that a translation of them is worth learning."""


def listed() -> str:
    """All tasks as a prompt shows them: a line each."""
    return "\n".join(f"- {name}: {meaning}" for name, meaning in TASKS.items())
