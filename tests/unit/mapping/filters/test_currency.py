"""Which currencies are in use."""

import yaml

from engine.mapping.filters.currency import IN_USE
from tests.support.processes import ROOT


def test_mappings_and_contracts_know_the_same_currencies():
    schema = yaml.safe_load((ROOT / "schemas/common/currency-in-use.yaml").read_text())

    assert {*schema["enum"]} == IN_USE
