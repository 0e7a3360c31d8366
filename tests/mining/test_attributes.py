"""Values of attributes are found in titles: names of lists, quantities with their units."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from kb import KnowledgeBase
from kb.cli import run
from kb.demo import generate
from kb.errors import DataError
from kb.mining import changes_of_run, decide, queue, runs, undo_run, with_evidence
from kb.mining.attributes import mine_attributes
from kb.mining.quantities import Units
from kb.mining.spans import Asked, KnownValues, SpanModel
from kb.mining.statements import Statements
from kb.terms import CKB

ASSERTED = (
    "SELECT ?spu ?attribute ?concept ?number ?unit ?canonical ?confidence { ?spu ckb:hasAttributeAssertion ?a . "
    "?a ckb:origin 'mined' ; ckb:ofAttribute ?attribute ; ckb:confidence ?confidence ; prov:wasGeneratedBy ?run . "
    "?run prov:wasAssociatedWith ?miner OPTIONAL { ?a ckb:valueConcept ?concept } "
    "OPTIONAL { ?a ckb:numericValue ?number ; ckb:unit ?unit ; ckb:canonicalValue ?canonical } }"
)


@pytest.fixture(scope="module")
def mined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KnowledgeBase, dict]]:
    """A demo shop whose titles say the values of descriptive attributes, a third of which nobody states."""
    place = tmp_path_factory.mktemp("attributes")
    generate(place / "files", scale=1)
    catalog = place / "files" / "catalog.nq"
    with KnowledgeBase.open(place / "whole.kb") as whole:
        assert whole.load([catalog], source="demo")
        rows = whole.query(
            "SELECT ?spu ?a ?attribute ?concept ?name ?number ?unit ?code ?role { ?spu a ckb:SPU ; "
            "ckb:hasAttributeAssertion ?a ; ckb:directCategory/ckb:broaderCategory* ?c . "
            "?a ckb:ofAttribute ?attribute . ?rule ckb:ruleForCategory ?c ; ckb:ruleForAttribute ?attribute ; "
            "ckb:attributeRole ?role "
            "OPTIONAL { ?a ckb:valueConcept ?concept . ?concept skos:prefLabel ?name FILTER(LANG(?name) = 'en') } "
            "OPTIONAL { ?a ckb:numericValue ?number ; ckb:unit ?unit . ?unit skos:notation ?code } }",
            reasoning=False,
        )
        told: dict[str, list[str]] = {}
        gone: dict[tuple[str, str], str] = {}
        dropped = set()
        for at, row in enumerate(sorted(rows, key=lambda row: (row["spu"].value, row["attribute"].value))):
            spu, attribute = row["spu"].value, row["attribute"].value
            said = (
                row["name"].value
                if row["concept"]
                else f"{row['number'].value}{row['code'].value}"
                if row["number"]
                else ""
            )
            if not said:
                continue
            told.setdefault(spu, []).append(said)
            if at % 3 == 0 and row["role"].value.endswith("descriptive"):
                gone[spu, attribute] = row["concept"].value if row["concept"] else said
                dropped.add(row["a"].value)
    lines = []
    for line in catalog.read_text(encoding="utf-8").splitlines(keepends=True):
        subject = line[1 : line.index(">")]
        if subject in dropped or (
            "hasAttributeAssertion" in line and line.split("<")[3].split(">")[0] in dropped
        ):
            continue
        if subject in told and "rdf-schema#label" in line and '"@en' in line:
            line = line.replace('"@en', f', {", ".join(told[subject])}"@en')
        lines.append(line)
    catalog.write_text("".join(lines), encoding="utf-8")
    with KnowledgeBase.open(place / "shop.kb") as knowledge:
        assert knowledge.load([catalog], source="demo").quarantined == 0
        report = mine_attributes(knowledge)
        assert report, str(report)
        yield knowledge, gone


def found_in(knowledge: KnowledgeBase) -> dict[tuple[str, str], dict[str, str | None]]:
    rows = knowledge.query(ASSERTED, reasoning=False)
    names = ("concept", "number", "unit", "canonical", "confidence")
    return {
        (row["spu"].value, row["attribute"].value): {name: row[name] and row[name].value for name in names}
        for row in rows
    }


def test_values_in_titles_are_stated_where_nobody_states_them(mined: tuple) -> None:
    knowledge, gone = mined
    found = {key: value for key, value in found_in(knowledge).items() if "/spu/" in key[0]}
    assert len(gone) > 20
    right = 0
    for key, wanted in gone.items():
        value = found.get(key)
        if value is not None:
            said = (
                value["concept"]
                or f"{Decimal(value['number'] or 0):f}{(value['unit'] or '').rpartition('/')[2]}"
            )
            right += said == wanted
    assert right >= 0.8 * len(gone)
    assert right >= 0.8 * len(found)


def test_a_quantity_has_its_canonical_value(mined: tuple) -> None:
    knowledge, _ = mined
    factors = dict(Statements(knowledge).pairs(CKB.toCanonicalFactor))
    measured = [value for value in found_in(knowledge).values() if value["number"]]
    assert measured
    for value in measured:
        assert Decimal(value["canonical"]) == Decimal(value["number"]) * Decimal(factors[value["unit"]])


def test_what_was_found_is_explained(mined: tuple) -> None:
    knowledge, _ = mined
    (spu, _), value = next((key, one) for key, one in sorted(found_in(knowledge).items()) if one["concept"])
    proof = with_evidence(knowledge, knowledge.explain(spu, "ckb:hasAttributeValue", value["concept"]))
    assert "has-attribute, score" in str(proof) and "of its text" in str(proof)


def test_a_second_run_changes_nothing_and_runs_can_be_undone(mined: tuple, tmp_path: Path) -> None:
    knowledge, _ = mined
    store = Path(shutil.copytree(knowledge.folder.path, tmp_path / "shop.kb"))
    with KnowledgeBase.open(store) as other:
        before = found_in(other)
        again = mine_attributes(other)
        changes = changes_of_run(other, again.run)
        assert not (changes.added or changes.withdrawn or changes.rescored)
        assert found_in(other) == before
        for one in reversed(runs(other)):
            undo_run(other, one.name)
        assert not found_in(other)


def test_a_doubtful_value_waits_and_is_stated_when_accepted(
    mined: tuple, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    knowledge, _ = mined
    store = Path(shutil.copytree(knowledge.folder.path, tmp_path / "shop.kb"))
    with KnowledgeBase.open(store) as other:
        stated = len(found_in(other))
    assert run(["mine", "attributes", "--threshold", "1", "--store", str(store), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["stated"] == 0
    with KnowledgeBase.open(store) as other:
        waiting = queue(other, kind="has-attribute")
        assert len(waiting) >= stated and not found_in(other)
        assert ": " in waiting[0].object_label
        decide(other, [waiting[0].id], "accept")
        decide(other, [waiting[1].id], "reject")
        mine_attributes(other)
        found = found_in(other)
        asserted = {
            row["a"].value
            for row in other.query("SELECT ?a { ?s ckb:hasAttributeAssertion ?a }", reasoning=False)
        }
        assert waiting[0].object in asserted and waiting[1].object not in asserted
        assert len(found) >= stated - 1


def test_units_are_found_by_all_their_names(knowledge: KnowledgeBase) -> None:
    units = Units.read(Statements(knowledge))

    def said(text: str) -> list[tuple[str, str]]:
        return [(f"{one.number:f}", one.unit.iri.rpartition("/")[2]) for one in units.quantities(text)]

    assert said("Kettle 1.7L, 2000 W") == [("1.7", "l"), ("2000", "w")]
    assert said("净重500克 0.5千克") == [("500", "g"), ("0.5", "kg")]
    assert said("3 in 1 tool, 5 m2, 20 mAh, 2 kilograms") == [("5", "m2"), ("20", "mah"), ("2", "kg")]
    assert said("model X200g2, ref 12.34.56 ml") == []


def test_spans_are_learnt_where_known_values_end() -> None:
    brands = ["ZORVA", "QUILL", "MERTO", "BRANT", "LUXEN", "TOVEX", "PRILO", "DANEK"]
    texts = [
        Asked(f"{brand} {word} lure {size}mm for {word} fishing", "lure", name, frozenset([value]))
        for at, brand in enumerate(brands * 5)
        for word, size in [(("metal", "soft", "hard")[at % 3], 10 + 7 * at % 50)]
        for name, value in (("Brand", brand), ("Length", f"{size}mm"))
    ]
    model = SpanModel.trained(texts)
    new = [Asked("FENKO hard lure 97mm for hard fishing", "lure", name) for name in ("Brand", "Length")]
    found = [one.text if one else None for one in model.best(new)]
    assert found == ["FENKO", "97mm"]
    assert [KnownValues(texts).best(one) for one in new] == [None, None]
    assert model.best([Asked("nothing of the kind", "lure", "Length")]) == [None]


def test_a_store_without_rules_is_told(knowledge: KnowledgeBase) -> None:
    with pytest.raises(DataError, match="No product can have an attribute"):
        mine_attributes(knowledge)
