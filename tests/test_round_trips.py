"""The table in the docs of what comes through which file is what is found."""

import pytest
import round_trips

pytestmark = pytest.mark.usefixtures("quick_compilation")


def test_the_table_in_the_docs_is_what_is_found():
    found = round_trips.round_trips()
    assert round_trips.table(found) == round_trips.committed().split("\n\n")[0] + "\n"
    cells = [(key, *cell) for key, row in found.items() for cell in row.items()]
    wrong = [cell for cell in cells if cell[2] not in ("yes", None)]
    assert [(key, family) for key, family, _ in wrong] == [
        (("`.h5`, whole model", "ours", "Keras"), "attention")
    ]
    assert wrong[0][2] == "Keras cannot read its own"


def test_the_table_of_earlier_eras_is_what_is_found():
    found = round_trips.old_trips()
    table = round_trips.committed().split("\n\n")[1]
    assert round_trips.old_table(found) == table
    for (form, era), row in found.items():
        for family, names in row.items():
            rows = round_trips.layers.ROWS
            known = [n for n in round_trips.OLD_FAMILIES[family] if era in rows[n][2]]
            assert names == known, form
