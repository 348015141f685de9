"""Scorers with an encoder: one that beats the lexicon, ones that do not, services, and everything that can be wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.engine.model_server import ModelServer
from tests.label import tiny_encoder
from tests.label.test_pair_rules import batch
from tests.parallel.bag_encoder import hidden_pairs, write
from tests.parallel.bitexts import bitext

from weft.cli.boundary import run as weft
from weft.cli.encoder_options import embedding_of
from weft.engine.encoders import languages_of_card, opened
from weft.errors import WeftError
from weft.label.encoder import Loaded
from weft.label.pair_score import pair_score
from weft.parallel.model_folder import load


def table(file: Path, sides: tuple[list[str], list[str]], header: bool = False) -> Path:
    rows = [f"{a}\t{b}" for a, b in zip(*sides, strict=True)]
    file.write_text("\n".join([*(["source\ttarget"] if header else []), *rows, ""]), "utf-8")
    return file


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder that knows the languages, one that does not, seeds, and a model that uses the first."""
    folder = tmp_path_factory.mktemp("encoders")
    write(folder / "knows", knows=True)
    tiny_encoder.write(folder / "strange")
    (folder / "strange/README.md").write_text("---\nlanguage: [sw, en]\n---\n", "utf-8")
    table(folder / "hidden.tsv", hidden_pairs(100), header=True)
    table(folder / "plain.tsv", bitext(100), header=True)
    assert train(folder, "hidden.tsv", "knows", folder / "model") == 0
    return folder


def train(folder: Path, seed: str, encoder: str, into: Path, *more: str) -> int:
    given = ["train", "pairs", str(folder / seed), "--languages", "en,sw", "--encoder", str(folder / encoder)]
    return weft([*given, "--device", "cpu", "--into", str(into), *more])


def mixed() -> tuple[list[str], list[str]]:
    """Forty right pairs and forty that are none."""
    source, target = hidden_pairs(80, seed=5)
    return source, [*target[:40], *target[41:], target[40]]


def test_an_encoder_that_beats_the_lexicon_judges_mismatches(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from weft.engine import pair_blocks

    capsys.readouterr()
    told = load(made / "model").facts["encoder"]
    assert told["used"] and told["auc"]["encoder"] > 0.95 > 0.7 > told["auc"]["lexicon"] and told["gain"][0] > 0.2
    assert told["declares"] == ["eng_Latn", "swh_Latn"] and told["kinds"]["mismatch"] > 0.95 and told["device"] == "cpu"
    file = table(tmp_path / "pairs.tsv", mixed())
    given = ["pairs", "score", str(file), "--model", str(made / "model"), "--device", "cpu", "--json"]
    assert weft([*given, "--into", str(tmp_path / "one.tsv"), "--workers", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["encoder"]["used"] and told["without_vector"] == 0 and told["encoder"]["name"] == str(made / "knows")
    wrong = ["mismatch" in line for line in (tmp_path / "one.tsv").read_text().splitlines()]
    assert sum(wrong[:40]) <= 4 and sum(wrong[40:]) >= 38
    # Other blocks, more threads, and vectors that are there: the same bytes, and nothing is computed.
    shutil.copytree(tmp_path / "one.tsv.vectors", tmp_path / "kept")
    monkeypatch.setattr(pair_blocks, "BLOCK", 900)
    assert weft([*given, "--into", str(tmp_path / "three.tsv"), "--workers", "3"]) == 0
    monkeypatch.setattr(Loaded, "embed", lambda *_: pytest.fail("computed again"))
    again = ["--into", str(tmp_path / "again.tsv"), "--keep-vectors", str(tmp_path / "kept")]
    assert weft([*given, *again]) == 0
    first = (tmp_path / "one.tsv").read_bytes()
    assert first == (tmp_path / "three.tsv").read_bytes() == (tmp_path / "again.tsv").read_bytes()
    capsys.readouterr()
    # The lexicon alone, on demand: it knows nothing of these words.
    assert weft([*given[:-1], "--into", str(tmp_path / "bare.tsv"), "--no-encoder"]) == 0
    assert "not used, --no-encoder" in capsys.readouterr().out
    assert (tmp_path / "bare.tsv").read_text().count("mismatch") < 20


def test_a_filter_asks_the_encoder_of_its_model_as_the_score_does(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from weft.engine import pair_blocks

    source, target = mixed()
    file = table(tmp_path / "pairs.tsv", ([*source, "Що це таке"], [*target, "Це нічого"]))
    model = ["--model", str(made / "model"), "--device", "cpu"]
    assert weft(["pairs", "score", str(file), *model, "--into", str(tmp_path / "scored.tsv"), "--quiet"]) == 0
    scored = (tmp_path / "scored.tsv").read_text("utf-8").splitlines()
    passing = ["\t".join(line.split("\t")[:2]) for line in scored if line.endswith("\t")]
    capsys.readouterr()
    given = ["pairs", "filter", str(file), *model, "--json", "--into"]
    assert weft([*given, str(tmp_path / "one.tsv"), "--workers", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["encoder"]["used"] and told["without_vector"] == 1
    assert told["rules"]["mismatch"]["drops"] == sum("mismatch" in line for line in scored) >= 38
    assert (tmp_path / "one.tsv").read_text("utf-8").splitlines() == passing and len(passing) >= 30
    # Other blocks, more threads and vectors that are there: the same files, and nothing is computed.
    monkeypatch.setattr(pair_blocks, "BLOCK", 900)
    monkeypatch.setattr(Loaded, "embed", lambda *_: pytest.fail("computed again"))
    kept = ["--keep-vectors", str(tmp_path / "one.tsv.vectors"), "--workers", "3"]
    assert weft([*given, str(tmp_path / "three.tsv"), *kept]) == 0
    for ending in (".tsv", ".rejected.tsv"):
        assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"three{ending}").read_bytes()
    capsys.readouterr()
    assert weft([*given, str(tmp_path / "bare.tsv"), "--no-encoder"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["encoder"]["why"] == "--no-encoder" and told["rules"]["mismatch"]["drops"] < 20
    # Without what it can change, the encoder is not looked for.
    assert weft([*given, str(tmp_path / "rest.tsv"), "--without", "mismatch"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["encoder"] == {"name": str(made / "knows"), "used": False, "why": "--without mismatch"}
    assert not (tmp_path / "rest.tsv.vectors").exists()
    for more, wanted in (
        (["--encoder", str(made / "strange")], "is not the encoder that"),
        (["--encoder", str(made / "knows"), "--no-encoder"], "--no-encoder: with --encoder"),
    ):
        assert weft([*given, str(tmp_path / "no.tsv"), *more]) == 2
        assert wanted in capsys.readouterr().err and not (tmp_path / "no.tsv").exists()
    assert weft(["pairs", "filter", str(file), "--profile", "opusfilter", "--into", "o.tsv", "--encoder", "x"]) == 2
    assert "--encoder x: of which model?" in capsys.readouterr().err


def test_a_label_asks_the_encoder_that_it_is_given(made: Path, tmp_path: Path) -> None:
    source, target = mixed()
    pairs = [{"eng_Latn": a, "swh_Latn": b} for a, b in zip(source, target, strict=True)]
    pairs.append({"swh_Latn": target[0], "eng_Latn": source[0]})  # turned
    moved = str(shutil.copytree(made / "knows", tmp_path / "moved"))
    models = (str(made / "model"),)
    found = pair_score(models=models, encoders=(moved,), device="cpu")(batch(*pairs))["pair_score"].to_pylist()
    with embedding_of(load(made / "model"), made / "model", None, tmp_path / "kept", "cpu", False) as embed:
        wanted = load(made / "model").score(source, target, embed)
        bare = load(made / "model").score(source, target)
    assert [row["reasons"] for row in found] == [*wanted["reasons"].to_list(), wanted["reasons"][0].to_list()]
    assert [row["probability"] for row in found[:-1]] == pytest.approx(wanted["probability"].to_list(), abs=1e-4)
    alone = pair_score(models=models, no_encoder=True)(batch(*pairs))["pair_score"].to_pylist()
    assert [row["reasons"] for row in alone[:-1]] == bare["reasons"].to_list() != wanted["reasons"].to_list()


def test_a_label_without_the_encoder_of_its_model_says_what_to_do(made: Path, tmp_path: Path) -> None:
    models = (str(made / "model"),)
    with pytest.raises(WeftError, match="and no encoders are named; expected its folder under encoders, or no_encoder"):
        pair_score(models=models)
    with pytest.raises(WeftError, match="strange is not it; expected its folder"):
        pair_score(models=models, encoders=(str(made / "strange"),))
    with pytest.raises(WeftError, match="no_encoder with encoders; expected one of them"):
        pair_score(models=models, encoders=(str(made / "knows"),), no_encoder=True)
    served = shutil.copytree(made / "model", tmp_path / "served")
    told = json.loads((served / "model.json").read_text("utf-8"))
    told["encoder"]["told"] |= {"kind": "service", "name": "encoder.yaml"}
    (served / "model.json").write_text(json.dumps(told), "utf-8")
    with pytest.raises(WeftError, match=r"the encoder of a service \(encoder\.yaml\), and label\.pair_score asks none"):
        pair_score(models=(str(served),))


def test_texts_that_the_encoder_does_not_know_are_left_to_the_lexicon(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = mixed()
    file = table(tmp_path / "pairs.tsv", ([*source, "Що це таке", ""], [*target, "Це нічого", "x"]))
    into = ["--into", str(tmp_path / "scored.tsv"), "--device", "cpu", "--quiet"]
    assert weft(["pairs", "score", str(file), "--model", str(made / "model"), *into]) == 0
    assert f"encoder {made / 'knows'}: used; 2 pairs without a vector by the lexicon" in capsys.readouterr().out


def test_an_encoder_that_does_not_is_named_and_not_used(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(made, "plain.tsv", "strange", tmp_path / "model") == 0
    assert f"encoder {made / 'strange'}: not used, it tells mismatches with AUC" in capsys.readouterr().out
    scorer = load(tmp_path / "model")
    assert scorer.meaning is None and scorer.facts["encoder"]["auc"]["lexicon"] > 0.95
    file = table(tmp_path / "pairs.tsv", bitext(20, 4))
    given = ["pairs", "score", str(file), "--model", str(tmp_path / "model"), "--into", str(tmp_path / "out.tsv")]
    assert weft(given) == 0
    assert f"encoder {made / 'strange'}: not used, it tells" in capsys.readouterr().out
    assert not (tmp_path / "out.tsv.vectors").exists()
    assert weft([*given, "--encoder", str(made / "strange")]) == 2
    assert "uses no encoder: it tells mismatches" in capsys.readouterr().err


def test_languages_are_those_of_the_model_card_or_of_the_option(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = shutil.copytree(made / "knows", tmp_path / "silent")
    (silent / "README.md").write_text("# A model\n", "utf-8")
    assert train(made, "hidden.tsv", str(silent), tmp_path / "model", "--json") == 0
    told = json.loads(capsys.readouterr().out)["encoder"]
    assert not told["used"] and told["why"] == "it does not declare eng_Latn and swh_Latn"
    for card, wanted in (
        ("language: de", {"deu_Latn"}),
        ("language: [multilingual, zh, swh_Latn]\ntags: [en]", {"cmn_Hans", "swh_Latn"}),
    ):
        (silent / "README.md").write_text(f"---\n{card}\n---\n# A model\n", "utf-8")
        assert languages_of_card(silent) == wanted
    kept = ["--keep-vectors", str(made / "model/vectors"), "--encoder-languages", "en,sw", "--json"]
    assert train(made, "hidden.tsv", str(silent), tmp_path / "model", *kept) == 0
    assert json.loads(capsys.readouterr().out)["encoder"]["used"]


def test_another_encoder_than_that_of_training_is_refused(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = table(tmp_path / "pairs.tsv", bitext(5))
    given = ["pairs", "score", str(file), "--model", str(made / "model"), "--into", str(tmp_path / "o.tsv")]
    assert weft([*given, "--encoder", str(made / "strange")]) == 2
    assert "is not the encoder that" in capsys.readouterr().err and not (tmp_path / "o.tsv").exists()
    moved = shutil.copytree(made / "knows", tmp_path / "moved")
    assert weft([*given, "--encoder", str(moved)]) == 0  # by its content, wherever it is


@pytest.mark.parametrize(
    ("encoder", "more", "wanted"),
    [
        ("nowhere", [], "nowhere is not a folder, and the local cache of the Hugging Face Hub holds no model"),
        ("hidden.tsv", [], "is not a folder"),
        ("knows", ["--encoder-languages", "en,qqqq"], "--encoder-languages en,qqqq: 'qqqq' is no language"),
        ("knows", ["--device", "tpu"], "--device tpu: expected auto, cpu, cuda"),
        ("none.yaml", [], "none.yaml: cannot be read"),
    ],
)
def test_encoders_that_are_none(
    made: Path, tmp_path: Path, encoder: str, more: list[str], wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(made, "plain.tsv", encoder, tmp_path / "model", *more) == 2
    assert wanted in capsys.readouterr().err and not (tmp_path / "model").exists()


def test_folders_and_files_with_something_missing(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = shutil.copytree(made / "knows", tmp_path / "broken")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (broken / name).unlink()
    assert train(made, "hidden.tsv", str(broken), tmp_path / "model") == 2
    assert f"--encoder {broken}: {broken}: its tokenizer knows no tokens" in capsys.readouterr().err
    (broken / "README.md").write_text("---\nlanguage: [en\n---\n", "utf-8")
    assert train(made, "hidden.tsv", str(broken), tmp_path / "model") == 2
    assert "README.md: not valid YAML" in capsys.readouterr().err
    for text, wanted in (
        ("url: http://127.0.0.1:1\nprotocol: openai-chat\n", "protocol is openai-chat; expected openai-embeddings"),
        ("url: nowhere\n", "url: expected an address such as http://localhost:8000/v1"),
        ("- a\n", "expected url, model, languages of an encoder"),
        ("url: http://127.0.0.1:1\nmax_characters: no\n", "max_characters: expected a number"),
    ):
        (tmp_path / "served.yaml").write_text(text, "utf-8")
        assert train(made, "plain.tsv", str(tmp_path / "served.yaml"), tmp_path / "model") == 2
        assert wanted in capsys.readouterr().err
    assert weft(["train", "pairs", str(made / "plain.tsv"), "--languages", "en,sw", "--encoder-languages", "en"]) == 2
    assert "of which encoder?" in capsys.readouterr().err


def test_an_encoder_behind_an_address_is_asked_once(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table(tmp_path / "seed.tsv", bitext(100), header=True)
    file = tmp_path / "served.yaml"
    kept = ["--keep-vectors", str(tmp_path / "kept"), "--json"]
    with ModelServer() as server:
        file.write_text(f"{{url: '{server.url}', model: tiny, revision: 1, languages: [en, sw], give_up_seconds: 1}}")
        assert train(tmp_path, "seed.tsv", str(file), tmp_path / "model", *kept) == 0
        told = json.loads(capsys.readouterr().out)["encoder"]
        assert told["kind"] == "service" and told["model"] == "tiny" and told["with_vectors"] == 1 and not told["used"]
        asked = sum(server.answered.values())
    assert asked > 0 and server.url not in (tmp_path / "model/model.json").read_text("utf-8")
    # The server is gone: what it answered is there, and what it did not is a message.
    assert train(tmp_path, "seed.tsv", str(file), tmp_path / "again", *kept) == 0
    assert json.loads(capsys.readouterr().out)["encoder"] == told
    assert train(tmp_path, "seed.tsv", str(file), tmp_path / "third", "--keep-vectors", str(tmp_path / "new")) == 2
    assert "service encoder at" in capsys.readouterr().err


def test_an_encoder_aligns_sentences_where_it_is_declared_and_beats_the_lexicon(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = hidden_pairs(60, seed=9)
    del source[7], source[30], target[20]  # rows 7 and 31 have no source, row 20 no target
    for name, texts in (("en.txt", source), ("sw.txt", target)):
        (tmp_path / name).write_text("\n".join(texts), "utf-8")
    given = ["pairs", "align", str(tmp_path / "en.txt"), str(tmp_path / "sw.txt"), "--languages", "en,sw", "--json"]
    given += ["--into", str(tmp_path / "out.tsv"), "--device", "cpu", "--encoder"]
    seed = ["--seed", str(made / "hidden.tsv"), "--keep-vectors", str(made / "model/vectors")]
    assert weft([*given, str(made / "knows"), *seed]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["vectors"]["used"] and told["beads"].get("1-1", 0) >= 55
    assert weft([*given, str(made / "strange"), "--seed", str(made / "plain.tsv")]) == 0
    told = json.loads(capsys.readouterr().out)["vectors"]
    assert not told["used"] and "it tells mismatches with AUC" in told["why"]
    assert weft([*given, str(made / "knows"), "--encoder-languages", "de,fr"]) == 0
    told = json.loads(capsys.readouterr().out)["vectors"]
    assert told["why"] == "it does not declare eng_Latn and swh_Latn"


def test_the_service_of_the_page_is_good(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/pair-encoders.md").read_text("utf-8")
    (tmp_path / "encoder.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0], "utf-8")
    held = opened(str(tmp_path / "encoder.yaml"), None, tmp_path / "kept")
    assert held.declared == {"eng_Latn", "swh_Latn"} and held.told["model"] == "facebook/SONAR"
