"""Published files from the hub, behind ``--download`` only: one pinned commit, and only the files that are needed.

The files are read by this package's own readers, not by the ``datasets`` library: what that would add (decoding,
casting) is what strict loading has to see for itself, and a second route to the same rows could disagree with it.
"""

from __future__ import annotations

import re

from harness.errors import DataMissing
from harness.records import Benchmark, Source

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SECONDS = 20.0


def fetch(benchmark: Benchmark, *, split: str = "", endpoint: str | None = None, cache: str | None = None) -> Source:
    """Fetch the files of a benchmark at its revision, and return where they are.

    A branch or tag is resolved to the commit it names now; that commit is fetched and written down. Files that are
    in the hub's cache already are not fetched again, and a pinned commit that is there needs no network. A token,
    where one is needed, is the one that ``huggingface_hub`` finds in the environment.

    Parameters
    ----------
    benchmark : Benchmark
        Its ``hub``, ``revision`` and ``files``.
    split : str
        Passed on to the source.
    endpoint, cache : str or None
        Address of the hub and folder of its cache, where they are not the usual ones.

    Raises
    ------
    DataMissing
        In one line: no hub repository, offline, access refused, no such repository or revision.
    """
    if not benchmark.hub:
        raise DataMissing(f"{benchmark.name}: is not on the hub, so --download cannot fetch it. {benchmark.fetch}")
    from huggingface_hub import snapshot_download

    try:
        commit, here = _commit(benchmark, endpoint), False
    except Exception as error:  # the client's own errors, and those of the network library below it
        if not (_COMMIT.fullmatch(benchmark.revision) and _is_offline(error)):
            raise DataMissing(_say(benchmark, error)) from None
        commit, here = benchmark.revision, True
    try:
        root = snapshot_download(
            benchmark.hub,
            repo_type="dataset",
            revision=commit,
            allow_patterns=list(benchmark.files),
            endpoint=endpoint,
            cache_dir=cache,
            local_files_only=here,
        )
    except Exception as error:
        raise DataMissing(_say(benchmark, error)) from None
    return Source(root=root, revision=commit, split=split)


def _commit(benchmark: Benchmark, endpoint: str | None) -> str:
    """Ask once what the revision is: it also tells soon whether the hub can be reached at all."""
    from huggingface_hub import HfApi

    known = HfApi(endpoint=endpoint).dataset_info(benchmark.hub, revision=benchmark.revision or None, timeout=_SECONDS)
    return known.sha or benchmark.revision


def _say(benchmark: Benchmark, error: Exception) -> str:
    from huggingface_hub import errors

    wanted = f"{benchmark.name}: dataset {benchmark.hub} at {benchmark.revision}"
    if isinstance(error, errors.GatedRepoError):
        why = "is gated: accept its terms on its page, and set HF_TOKEN to a token of that account"
    elif isinstance(error, errors.RevisionNotFoundError):
        why = "has no such revision"
    elif isinstance(error, errors.RepositoryNotFoundError):
        why = "does not exist, or is private: set HF_TOKEN to a token that may read it"
    elif _is_offline(error):
        why = "cannot be reached (offline?), and is not in the cache of the hub"
    else:
        status = getattr(getattr(error, "response", None), "status_code", None)
        why = f"could not be fetched ({type(error).__name__}{f', status {status}' if status else ''})"
    return f"{wanted} {why}. {benchmark.fetch}"


def _is_offline(error: Exception) -> bool:
    from huggingface_hub import errors

    # the client has changed its network library twice; their errors share no base that it exports
    network = type(error).__module__.startswith(("httpx", "httpcore", "requests", "urllib3"))
    http = isinstance(error, errors.HfHubHTTPError) and not isinstance(error, errors.LocalEntryNotFoundError)
    return network or (not http and isinstance(error, (errors.OfflineModeIsEnabled, OSError)))
