"""Fixtures of the instrument's own tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what runs remember of pictures and files away from the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real VQA-RAD, SLAKE and MedXpertQA files, from SIGHTCHECK_DATA or ``../shared/data``."""
    root = Path(__file__).parents[2]
    named = os.environ.get("SIGHTCHECK_DATA", "")
    folder = Path(named) if named else root.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("real data are not here: set SIGHTCHECK_DATA to a folder with vqa_rad, slake and medxpertqa")
    return folder
