"""Whether a text is an answer at all: it came to its end, is not empty, refuses nothing and repeats no prompt."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from weft.synthesize.gates.pieces import AS_TRANSLATION

FINISHED = ("stop", "eos", "end_turn", "stop_sequence", "tool_calls")
"""What servers say of a reply that ended by itself."""
_ECHO = 20
"""Characters of a source or an instruction that are no chance when a text begins with them."""
_HEAD = 160
"""Characters in which a refusal stands."""
_REFUSALS = (
    r"(?i)\bas an ai\b|\bas a (large )?language model\b",
    r"(?i)\bi(['’]m| am) (sorry|unable|not able)\b.{0,40}\b(can(no|['’])t|cannot|unable|not able)",
    r"(?i)\bi (can(no|['’])t|cannot|won['’]t) (assist|help|fulfil|comply|provide|translate|do that)",
    r"(?i)lo siento,? (pero )?no puedo|como modelo de lenguaje|como una? (ia|inteligencia artificial)",
    r"(?i)je suis désolée?,? (mais )?je ne (peux|suis)|en tant qu['’](ia|intelligence|un modèle)",
    r"(?i)es tut mir leid,? (aber )?ich kann|als (ki|sprachmodell|künstliche)",
    r"(?i)(sinto muito|desculpe),? (mas )?(eu )?não posso|como (um )?modelo de linguagem",
    r"(?i)mi dispiace,? (ma )?non posso|come modello linguistico",
    r"(?i)(извините|простите|к сожалению),? (но )?я не могу|как (языковая модель|искусственный интеллект)",
    r"(?i)üzgünüm,? (ama |ancak )?.{0,40}(yapamam|edemem|olamam)|bir (yapay zeka|dil model)",
    r"(?i)maaf,? (tetapi |namun |tapi )?saya (tidak|tak) (dapat|bisa|boleh)|sebagai model bahasa",
    r"(?i)samahani,? (lakini )?(siwezi|sitaweza)|kama (modeli|mfano) wa lugha",
    r"(?i)tôi xin lỗi,? (nhưng )?tôi không thể|là một mô hình ngôn ngữ",
    r"(عذر[اًا]*|آسف)[،,]? (لكن |ولكن )?(لا يمكنني|لا أستطيع)|كنموذج لغوي|بصفتي نموذج",
    r"(متأسفم|متاسفم|ببخشید)[،,]? (اما )?(من )?نمی.?توانم|به عنوان (یک )?مدل زبانی",
    r"(मुझे (खेद|क्षमा|माफ)|क्षमा करें|माफ़? करें).{0,30}(नहीं कर|असमर्थ)|एक (एआई|भाषा मॉडल)",
    r"(দুঃখিত|ক্ষমা).{0,30}(পারব না|পারি না|অক্ষম)|একটি ভাষা মডেল",
    r"(抱歉|对不起|很遗憾|對不起)[,，]?.{0,10}(无法|不能|無法)|作为(一个|一款)?(人工智能|语言模型|ai)|作為(一個)?(人工智慧|語言模型|ai)",
    r"(申し訳(ありません|ございません)|すみません)が?、?.{0,20}(できません|できかねます)|言語モデルとして",
    r"(죄송하지만|죄송합니다).{0,30}(수 없|못)|언어 모델로서",
    r"ขออภัย.{0,20}ไม่สามารถ|ในฐานะ(ที่เป็น)?(โมเดลภาษา|ปัญญาประดิษฐ์)",
    r"ይቅርታ.{0,30}አልችልም|እንደ (ቋንቋ|ኤአይ) ሞዴል",
)
"""How models refuse, in languages that they refuse in. Not reviewed by native speakers."""
_WRAPPED = (
    r"(?i)^\s*(sure|certainly|of course|here(['’]s| is| are))\b.{0,80}(:|\n)"
    r"|^\s*(translation|translated text|output|answer|response)\s*:"
)
"""What models put before what they were asked for."""


def unfinished(records: pa.Table) -> pl.DataFrame:
    """`row` and `finish` of the records with a call that did not come to its end by itself."""
    calls = records["calls"].combine_chunks()
    held = pl.DataFrame(
        {"row": range(records.num_rows), "calls": pl.from_arrow(calls)}, schema_overrides={"row": pl.Int64}
    )
    finish = held.explode("calls").select("row", finish=pl.col("calls").struct.field("finish")).drop_nulls()
    return finish.filter(~pl.col("finish").is_in(FINISHED)).unique("row", keep="first", maintain_order=True)


def wrong(frame: pl.DataFrame) -> pl.Series:
    """`wrong` of each part (FRAME of all parts of records, in order): empty, refusal, wrapped, echo, or null."""
    text, of = pl.col("text").fill_null(""), pl.col("of").fill_null("")
    refuses = pl.any_horizontal(text.str.head(_HEAD).str.contains(each) for each in _REFUSALS)
    asked = pl.any_horizontal(of.str.contains(each) for each in _REFUSALS)
    wrapped = text.str.contains(_WRAPPED) & ~of.str.contains(_WRAPPED)
    # A part before it that asks: an instruction, or any text of the one who asks.
    before = pl.col("text").shift(1).over("row").fill_null("")
    judged = pl.col("relation").is_in((*AS_TRANSLATION, "answer", "dialogue", "instruction"))
    again = text.str.strip_chars() == before.str.strip_chars()
    turn = pl.col("relation").is_in(("answer", "instruction")) | (
        (pl.col("relation") == "dialogue") & (text.str.len_chars() >= _ECHO)  # greetings are given back
    )
    begins = (_begins(text, of) & ~pl.col("relation").eq("dialogue")) | _begins(text, before)
    made = frame.select(
        pl.when(~text.str.contains(r"\S"))
        .then(pl.lit("empty"))
        .when(refuses & ~asked)
        .then(pl.lit("refusal"))
        .when(wrapped & judged)
        .then(pl.lit("wrapped"))
        .when((begins & judged) | (again & turn))
        .then(pl.lit("echo"))
        .alias("wrong")
    )
    return made["wrong"]


def _begins(text: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Whether a text begins with another one, and goes on."""
    one, two = text.str.strip_chars_start(), other.str.strip_chars()
    longer = (two.str.len_chars() >= _ECHO) & (one.str.len_chars() > two.str.len_chars())
    return longer & one.str.starts_with(two)
