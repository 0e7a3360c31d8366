"""The ids of solutions stay what they are while the dictionary behind them learns more terms."""

from __future__ import annotations

import pyarrow as pa

from kb.analytics.terms import Terms
from kb.columns.dictionary import Dictionary


def test_what_the_dictionary_learns_later_takes_no_id_of_a_term_that_a_query_made() -> None:
    dictionary = Dictionary()
    dictionary.encode(pa.array(['"there"'], pa.large_string()))
    terms = Terms(dictionary)
    made = terms.id('"made"')
    dictionary.encode(pa.array(['"later"', '"made"'], pa.large_string()))
    texts = ['"later"', '"made"', '"there"']
    ids = terms.ids(texts)
    assert terms.texts(ids).to_pylist() == texts
    assert ids[1] == made and len(set(ids.tolist())) == 3
