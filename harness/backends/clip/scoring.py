"""From features to the probabilities of answers.

The logit of an answer against an image is the cosine of their features, times the model's learned scale, plus its
learned bias where it has one. Several images: the mean of their logits, or with ``images=max`` the greatest. Then

``softmax`` (default)
    exp(l_i) / sum_j exp(l_j): the probability of each answer given that one of them holds. It is how CLIP was
    trained to be read (Radford et al. 2021, section 3.1.2). For SigLIP, whose bias cancels out, it ranks the answers
    as the next one does, but sums to 1 over them.
``sigmoid``
    1 / (1 + exp(-l_i)): the probability of each answer on its own, as SigLIP was trained (Zhai et al. 2023, "Sigmoid
    loss for language image pre-training", section 3.2). It needs a model with a bias: without one it has no meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.backends.clip.settings import Pool, Scale
from harness.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor


def averaged(texts: Sequence[Tensor]) -> Tensor:
    """Features of one answer: those of its texts, averaged and brought to length 1 again. Shape (width,)."""
    import torch

    if len(texts) == 1:
        return texts[0]
    mean = torch.stack(list(texts)).mean(dim=0)
    return torch.nn.functional.normalize(mean, dim=0)


def logarithms(
    images: Tensor, answers: Tensor, *, scale: float, bias: float, pool: Pool, read: Scale
) -> tuple[float, ...]:
    """Natural logarithms of the probabilities of some answers.

    Parameters
    ----------
    images : Tensor, shape (images, width)
        Features of length 1.
    answers : Tensor, shape (answers, width)
        Features of length 1.
    scale, bias : float
        Of the logits.
    pool, read : str
        See above.

    Returns
    -------
    tuple of float
        One an answer, at most 0.

    Raises
    ------
    ModelError
        A logit that is not a finite number.
    """
    import torch

    each = images @ answers.T * scale + bias
    logits = each.mean(dim=0) if pool == "mean" else each.amax(dim=0)
    if not bool(torch.isfinite(logits).all()):
        raise ModelError(
            "a score is not a finite number, but every text should have one against every image: use dtype=float32"
        )
    told = torch.log_softmax(logits, dim=0) if read == "softmax" else torch.nn.functional.logsigmoid(logits)
    return tuple(float(value) for value in told.tolist())


def best(scores: Sequence[float]) -> int | None:
    """Place of the greatest score; None where two share it."""
    place = max(range(len(scores)), key=scores.__getitem__)
    return place if scores.count(scores[place]) == 1 else None


def lead(scores: Sequence[float]) -> float | None:
    """How far the greatest score lies before the next; None for a single one."""
    ranked = sorted(scores, reverse=True)
    return ranked[0] - ranked[1] if len(ranked) > 1 else None
