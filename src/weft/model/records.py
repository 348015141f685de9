"""Arrow schema of what `synthesize` makes: a record with its parts, what it was made of, and the calls that made it."""

from __future__ import annotations

import pyarrow as pa

from weft.model.tables import PROBLEM

RELATIONS = (
    "human",
    "translation",
    "back_translation",
    "paraphrase",
    "code_switch",
    "noise",
    "other_script",
    "instruction",
    "answer",
    "dialogue",
    "label",
    "degraded",
)
"""What a part is to the text in `of`, which decides the gates it has to pass.

`human`: the text as a person wrote it. `translation`: of `of`, by a model, a dictionary or a pivot. `back_translation`:
the made source side of a pair whose target a person wrote. `paraphrase`: the same in other words, in one language.
`code_switch`: `of` with words of another language; the matrix language stays. `noise`: `of` with other spellings.
`other_script`: `of` in another script. `instruction`: asks for what `of` gives. `answer`: answers or sums up `of`.
`dialogue`: a turn of a conversation about `of`. `label`: a label, tags or facts of `of` in a fixed form, which is text
of no language and is judged as none. `degraded`: a bad answer made on purpose, the rejected side of a
preference.
"""

MADE_PART = pa.struct(
    {
        "field": pa.string(),  # text, messages, prompt, chosen, rejected, translation
        "role": pa.string(),  # of a message: system, user, assistant, tool
        "language": pa.string(),  # iso639-3_Script
        "text": pa.large_string(),
        "made": pa.bool_(),  # true: a machine made it
        "relation": pa.string(),  # one of RELATIONS
        "of": pa.large_string(),  # the text that it was made of, or that it asks about; null for `human`
        "of_language": pa.string(),
    }
)
"""A part of a record: who made it, from what."""

CALL = pa.struct(
    {
        "key": pa.string(),  # of the reply in `replies/`: 32 hex digits of model, messages, parameters, sample number
        "protocol": pa.string(),
        "model": pa.string(),  # as the recipe names it
        "revision": pa.string(),
        "server": pa.string(),  # what the reply says answered it: model and fingerprint; null where it says nothing
        "prompt": pa.string(),  # name@version of the prompt file
        "prompt_hash": pa.string(),  # of the prompt file
        "rendered_hash": pa.string(),  # of the messages as they were sent
        "parameters": pa.string(),  # JSON: temperature, max_tokens, seed and the like
        "sample": pa.int32(),  # number of the sample, from 0
        "raw": pa.large_string(),  # the reply before any parser
        "finish": pa.string(),
        "tokens_in": pa.int64(),
        "tokens_out": pa.int64(),
        "estimated": pa.bool_(),  # true: the reply did not say its tokens
        "cost": pa.float64(),  # in the currency of the recipe's prices; null where the price is unknown
        "attempts": pa.int32(),  # how often it was sent; 0: found in the cache of an earlier run
    }
)
"""A call of a model: what was asked, how, what came, and what it cost."""

RECORD = pa.schema(
    {
        "id": pa.string(),  # 32 hex digits, of recipe, version, parents and number
        "kind": pa.string(),  # one of model.tables.KINDS
        "parts": pa.list_(MADE_PART),
        "parents": pa.list_(pa.string()),  # ids of the documents that it was made of, the first is the row's
        "shots": pa.list_(pa.string()),  # ids of the examples that the prompt showed
        "recipe": pa.string(),  # name of the operator: synthesize.code_switch
        "version": pa.int32(),  # of the operator
        "language": pa.string(),  # the language that it is training data for
        "skill": pa.string(),  # translation, instruction, question_answering, …
        "group_id": pa.string(),  # what is never split between train and test
        "license": pa.string(),  # the most restrictive of its parents
        "consent": pa.string(),
        "basis": pa.string(),
        "redistribute": pa.bool_(),
        "source": pa.string(),
        "locator": pa.string(),
        "note": pa.string(),  # JSON: what a recipe says of it: kind of damage, switched words, agreement, tags
        "calls": pa.list_(CALL),
        "problem": PROBLEM,  # why the parent gave no record; the other columns but parents and recipe are then null
    }
)
"""A record, or a parent that gave none. Every parent that is given is in `parents` of one row at least."""

VERDICT = pa.struct(
    {
        "gate": pa.string(),
        "version": pa.int32(),
        "part": pa.int32(),  # number of the part; null: of the whole record
        "score": pa.float64(),
        "low": pa.float64(),  # of the band that passes; null: open
        "high": pa.float64(),
        "verdict": pa.string(),  # pass, fail, or unjudged: nothing trusted to judge by
        "detail": pa.string(),
    }
)
"""What one gate said of a part. A record stops at its first `fail`."""
