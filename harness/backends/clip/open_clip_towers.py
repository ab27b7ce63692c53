"""A contrastive model that open_clip opens, such as BiomedCLIP: an extra, imported when the model is opened."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.backends.clip.files import Files
from harness.backends.clip.settings import Settings
from harness.backends.clip.towers import Sight, counted, unit
from harness.backends.hf import hub, receipts
from harness.backends.hf.loading import tolerate
from harness.errors import ModelError

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

_PRECISION = {"auto": "fp32", "float32": "fp32", "bfloat16": "pure_bf16", "float16": "pure_fp16"}


class OpenClipTowers:
    """Encoders, image transform and tokenizer of a folder with open_clip_config.json."""

    def __init__(self, files: Files, settings: Settings) -> None:
        self._model, self._transform, self._tokenizer = _load(files, settings)
        # texts are measured in one thread while others are read, and a tokenizer keeps in itself how it pads
        self._tokenizing = threading.Lock()
        self._device = next(self._model.parameters()).device
        self._dtype = next(self._model.parameters()).dtype
        self.context = int(getattr(self._tokenizer, "context_length", None) or self._model.context_length)
        self.scale = float(self._model.logit_scale.detach().float().exp())
        bias = getattr(self._model, "logit_bias", None)
        self.bias: float | None = None if bias is None else float(bias.detach().float())

    @property
    def facts(self) -> Mapping[str, str]:
        """Class, dtype and device."""
        return {
            "class": type(self._model).__name__,
            "dtype": str(self._dtype).removeprefix("torch."),
            "device": str(self._device),
        }

    def measure(self, texts: Sequence[str]) -> list[int]:
        """Lengths in tokens, without padding, up to twice the context.

        open_clip's tokenizers cut without a word, so they are asked for more room than the encoder has.
        """
        with self._tokenizing:
            made = counted(
                lambda: self._tokenizer(list(texts), context_length=2 * self.context), "the model's tokenizer"
            )
        padding = int(getattr(getattr(self._tokenizer, "tokenizer", None), "pad_token_id", None) or 0)
        return [int((ids != padding).sum()) for ids in made]

    def look(self, picture: Image) -> Sight:
        """Turn one picture into a tensor by the model's own transform."""
        pixels = counted(lambda: self._transform(picture), "the image transform").unsqueeze(0)
        return Sight(tensors={"image": pixels}, tokens=self._patches(pixels), digest=receipts.digest(pixels))

    def see(self, sights: Sequence[Sight]) -> Tensor:
        """Features of some images."""
        import torch

        images = torch.cat([sight.tensors["image"] for sight in sights]).to(self._device, self._dtype)
        with torch.inference_mode():
            return unit(self._model.encode_image(images), len(sights), "images")

    def read(self, texts: Sequence[str]) -> Tensor:
        """Features of some texts."""
        import torch

        with self._tokenizing:
            tokens = self._tokenizer(list(texts), context_length=self.context).to(self._device)
        with torch.inference_mode():
            return unit(self._model.encode_text(tokens), len(texts), "texts")

    def prove(self, picture: Image, texts: Sequence[str]) -> Tensor:
        """Logits of one picture against some texts by the model's own call; shape (texts,)."""
        import torch

        image = self.look(picture).tensors["image"].to(self._device, self._dtype)
        tokens = self._tokenizer(list(texts), context_length=self.context).to(self._device)
        with torch.inference_mode():
            made: Tensor = self._model.get_logits(image, tokens)[0]
        return made[0].float().cpu()

    def _patches(self, pixels: Tensor) -> int:
        """Patches of the encoder, where it tells their size; else 1."""
        visual = self._model.visual
        embed = getattr(getattr(visual, "trunk", visual), "patch_embed", None)
        side = getattr(visual, "patch_size", None) or getattr(embed, "patch_size", None)
        if side is None:
            return 1
        high, wide = (side, side) if isinstance(side, int) else side
        return max(1, (pixels.shape[-2] // int(high)) * (pixels.shape[-1] // int(wide)))


def _load(files: Files, settings: Settings) -> tuple[Any, Any, Any]:
    """Model in evaluation mode, image transform and tokenizer."""
    tolerate()
    if files.repo:
        hub.weights(files.repo, files.commit, files.weights)
    place = f"local-dir:{files.folder}"
    try:
        # what torchvision and timm say of their own future is no error of the run
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import open_clip
            import torch

            device = settings.device
            if device == "auto":
                device = "cuda" if torch.cuda.is_available() else "cpu"
            model, transform = open_clip.create_model_from_pretrained(
                place, precision=_PRECISION[settings.dtype], device=device, weights_only=True
            )
            return model.eval(), transform, open_clip.get_tokenizer(place)
    except (
        Exception
    ) as cause:  # a config of another release, weights that do not fit, a tokenizer of another repository
        told = " ".join(str(cause).replace(str(files.folder), files.shown).split())
        raise ModelError(
            f"model {files.shown}: cannot be loaded ({type(cause).__name__}: {told[:300]}), but should open with "
            "open_clip: check the files, the packages and the options"
        ) from cause
