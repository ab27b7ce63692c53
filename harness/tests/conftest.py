"""Fixtures of the instrument's own tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real VQA-RAD, SLAKE and MedXpertQA files, from SIGHTCHECK_DATA or ``../shared/data``."""
    root = Path(__file__).parents[2]
    named = os.environ.get("SIGHTCHECK_DATA", "")
    folder = Path(named) if named else root.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("real data are not here: set SIGHTCHECK_DATA to a folder with vqa_rad, slake and medxpertqa")
    return folder
