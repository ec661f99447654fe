import pytest
import torch
from training_footage import CLIP_SETTINGS

from ctvos_core.ablations.report import write_ablations
from ctvos_core.ablations.variants import (
    TABLES,
    Scores,
    Table,
    Variant,
    run_ablations,
    select_tables,
    variant_config,
)
from ctvos_core.errors import InputError
from ctvos_core.weights import read_card

CPU = torch.device("cpu")
SETTINGS = (*CLIP_SETTINGS[1:], "steps=1")


def test_every_variant_is_a_configuration_of_its_own():
    for table in TABLES.values():
        configs = [variant_config(variant, ()) for variant in table.variants]
        assert len(set(configs)) == len(configs), table.title
    paper = variant_config(Variant("paper"), ())
    last = (TABLES[n].variants[place] for n, place in {"3": -1, "4": -1, "5": -1, "7": 0}.items())
    assert all(variant_config(variant, ()) == paper for variant in last)


def test_tables_are_chosen_by_name():
    assert list(select_tables([])) == list(TABLES)
    assert list(select_tables(["7", "3"])) == ["3", "7"]
    with pytest.raises(
        InputError, match="expected some of 3, 4, 5, 6, 7, size, network, ours, noise, got 8"
    ):
        select_tables(["8"])


def test_variants_are_trained_once_and_reported_in_every_table(footage, cache_folder, tmp_path):
    tables = {
        "6": Table("One", (Variant("a"), Variant("b", ("objective.cross_entropy=true",)))),
        "ours": Table("Other", (Variant("c"),)),
    }
    calls = []

    def evaluate(network, readout, folder):
        calls.append((readout, folder.parent.name))
        return Scores(51.25, 52.0, 50.5)

    def run():
        return run_ablations(
            [footage], tmp_path, tables, SETTINGS, CPU, evaluate, lambda line: None, cache_folder
        )

    outcomes = run()
    assert len(outcomes) == 2
    assert calls == [(r, n) for n in ("6-0", "6-1") for r in ("decoder", "copy")]
    assert run() == outcomes
    assert len(calls) == 4
    write_ablations(tmp_path / "ablations.md", tables, SETTINGS, outcomes, "a few frames")
    text = (tmp_path / "ablations.md").read_text()
    assert "## Table 6: One" in text
    assert "## Other" in text
    assert "1 steps of 2 clips at 32 pixels" in text
    assert text.count("| 51.2 | 52.0 | 50.5 | 51.2 | 52.0 | 50.5 |") == 3
    assert text.count("![a](pictures/6-0.png)") == 1
    assert (tmp_path / "pictures/6-0.png").exists()


def test_runs_with_other_settings_are_not_mistaken_for_these(footage, cache_folder, tmp_path):
    tables = {"6": Table("One", (Variant("a"),))}
    arguments = [footage], tmp_path, tables
    rest = CPU, lambda *_: Scores(1, 1, 1), lambda line: None, cache_folder
    run_ablations(*arguments, SETTINGS, *rest)
    with pytest.raises(InputError, match="holds a run with other settings"):
        run_ablations(*arguments, (*SETTINGS, "seed=1"), *rest)


def test_every_variant_begins_with_the_same_weights(footage, cache_folder, tmp_path):
    tables = {"6": Table("One", (Variant("a"), Variant("b", ("objective.cross_entropy=true",))))}
    rest = CPU, lambda *_: Scores(1, 1, 1), lambda line: None, cache_folder
    run_ablations([footage], tmp_path / "first", {"6": TABLES["6"]}, SETTINGS, *rest)
    start = tmp_path / "first/runs/6-1/model"
    outcomes = run_ablations([footage], tmp_path / "next", tables, SETTINGS, *rest, str(start))
    digest = read_card(start).digest
    for variant in ("6-0", "6-1"):
        card = read_card(tmp_path / "next/runs" / variant / "model")
        assert card.training["started_from"] == digest
    report = tmp_path / "next/ablations.md"
    write_ablations(report, tables, SETTINGS, outcomes, "a few frames", "weights of ours")
    assert "for every variant, from weights of ours (settings" in report.read_text()
