"""A contrastive model that transformers opens: CLIP, SigLIP, SigLIP 2, dual encoders and their kin."""

from __future__ import annotations

import inspect
import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.backends.clip.files import PICKLED, Files
from harness.backends.clip.settings import Settings
from harness.backends.clip.towers import Sight, counted, unit
from harness.backends.hf import hub, receipts
from harness.backends.hf.checkpoint import INDEX, WEIGHTS
from harness.backends.hf.loading import quiet, tolerate
from harness.errors import ModelError

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

_SIGLIP_CONTEXT = 64
"""SigLIP was trained on texts padded to this length and reads no others well."""


class TransformersTowers:
    """Encoders, image processor and tokenizer of a checkpoint."""

    def __init__(self, files: Files, settings: Settings) -> None:
        self._shown = files.shown
        image_processor, tokenizer, model = _load(files, settings)
        self._image_processor, self._tokenizer, self._model = image_processor, tokenizer, model
        # texts are measured in one thread while others are read, and a tokenizer keeps in itself how it pads
        self._tokenizing = threading.Lock()
        self._text_inputs = frozenset(inspect.signature(model.get_text_features).parameters)
        self._fixed = "siglip" in str(model.config.model_type)
        self.context = _context(model.config, tokenizer, self._fixed)
        self.scale, self.bias = _scale(files.shown, model)

    @property
    def facts(self) -> Mapping[str, str]:
        """Class, dtype and device."""
        return {
            "class": type(self._model).__name__,
            "dtype": str(self._model.dtype).removeprefix("torch."),
            "device": str(self._model.device),
        }

    def measure(self, texts: Sequence[str]) -> list[int]:
        """Lengths in tokens, those that begin and end a text counted."""
        with self._tokenizing:
            made = counted(
                lambda: self._tokenizer(list(texts), padding=False, truncation=False), "the model's tokenizer"
            )
        return [len(ids) for ids in made["input_ids"]]

    def look(self, picture: Image) -> Sight:
        """Turn one picture into tensors by the model's own image processor."""
        made = counted(lambda: self._image_processor(images=[picture], return_tensors="pt"), "the image processor")
        tensors = {name: value for name, value in made.items() if hasattr(value, "dtype")}
        pixels = tensors.get("pixel_values")
        if pixels is None or len(pixels) != 1:
            raise ModelError(
                f"the image processor was given 1 image and returned {0 if pixels is None else len(pixels)}, but "
                "should return each as one: this architecture cannot be measured here"
            )
        return Sight(tensors=tensors, tokens=self._patches(tensors), digest=receipts.digest(pixels))

    def see(self, sights: Sequence[Sight]) -> Tensor:
        """Features of some images."""
        import torch

        names = sights[0].tensors
        inputs = {name: self._moved(torch.cat([sight.tensors[name] for sight in sights])) for name in names}
        with torch.inference_mode():
            found = self._model.get_image_features(**inputs)
        return unit(_pooled(found), len(sights), "images")

    def read(self, texts: Sequence[str]) -> Tensor:
        """Features of some texts."""
        import torch

        inputs = {name: tensor.to(self._model.device) for name, tensor in self._tokens(texts).items()}
        with torch.inference_mode():
            found = self._model.get_text_features(**inputs)
        return unit(_pooled(found), len(texts), "texts")

    def prove(self, picture: Image, texts: Sequence[str]) -> Tensor:
        """Logits of one picture against some texts by the model's own forward call; shape (texts,)."""
        import torch

        seen = {name: self._moved(tensor) for name, tensor in self.look(picture).tensors.items()}
        said = {name: tensor.to(self._model.device) for name, tensor in self._tokens(texts).items()}
        with torch.inference_mode():
            made: Tensor = self._model(**said, **seen).logits_per_image
        return made[0].float().cpu()

    def _tokens(self, texts: Sequence[str]) -> dict[str, Tensor]:
        padding = {"padding": "max_length", "max_length": self.context} if self._fixed else {"padding": True}
        with self._tokenizing:
            made = self._tokenizer(list(texts), truncation=False, return_tensors="pt", **padding)
        return {name: tensor for name, tensor in made.items() if name in self._text_inputs}

    def _moved(self, tensor: Tensor) -> Tensor:
        model = self._model
        return tensor.to(model.device, model.dtype) if tensor.is_floating_point() else tensor.to(model.device)

    def _patches(self, tensors: Mapping[str, Tensor]) -> int:
        """Patches that the encoder looks at: those of the mask, or of the size of the pixel tensor; else 1."""
        mask = tensors.get("pixel_attention_mask")
        if mask is not None:
            return int(mask.sum())
        side = getattr(self._model.config.vision_config, "patch_size", None)
        height, width = tensors["pixel_values"].shape[-2:]
        return max(1, (height // side) * (width // side)) if isinstance(side, int) else 1


def _load(files: Files, settings: Settings) -> tuple[Any, Any, Any]:
    """Image processor, tokenizer and model of a checkpoint, in evaluation mode on its device."""
    tolerate()
    warnings.filterwarnings("default", module=r"harness\.backends\.clip(\.|$)")
    if files.repo:
        hub.weights(files.repo, files.commit, (*files.weights, INDEX, WEIGHTS))
    here: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    with quiet():
        import transformers

        library: Any = transformers
        try:
            image_processor = library.AutoImageProcessor.from_pretrained(files.folder, **here)
            tokenizer = library.AutoTokenizer.from_pretrained(files.folder, **here)
            model, report = library.AutoModel.from_pretrained(
                files.folder,
                dtype=settings.dtype,
                use_safetensors=files.weights != (PICKLED,),
                output_loading_info=True,
                **here,
            )
            model = model.to(_device(settings)).eval()
        except Exception as cause:  # a missing package, a config of a newer release, no such device
            raise _refuse(files, cause) from cause
    _hold(files, model, report)
    for cutting in ("max_length", "truncation", "truncation_strategy", "stride"):
        # A tokenizer may have been saved with the limits of its training, and would then cut without a word
        tokenizer.init_kwargs.pop(cutting, None)
    return image_processor, tokenizer, model


def _hold(files: Files, model: Any, report: Mapping[str, Any]) -> None:
    """Refuse a model of another kind, and one whose weights are not all there."""
    if not (hasattr(model, "get_image_features") and hasattr(model, "get_text_features")):
        raise ModelError(
            f"model {files.shown}: is a {type(model).__name__}, but should be a contrastive model with an encoder for "
            "images and one for texts: open a model that writes with hf:"
        )
    invented = sorted(str(key) for kind in ("missing_keys", "mismatched_keys") for key in report[kind])
    if invented:
        raise ModelError(
            f"model {files.shown}: {len(invented)} weights such as '{invented[0]}' are not in the files in this shape "
            "and would be random, but should all be there: save the whole model again"
        )


def _context(config: Any, tokenizer: Any, fixed: bool) -> int:
    """Tokens that the text encoder takes: the least of what its parts say."""
    text = getattr(config, "text_config", config)
    places = getattr(text, "max_position_embeddings", None)
    said = [int(limit) for limit in (places, tokenizer.model_max_length, _SIGLIP_CONTEXT if fixed else None) if limit]
    return min(said)


def _scale(shown: str, model: Any) -> tuple[float, float | None]:
    """Scale and bias of the logits, as the model learned them."""
    learned: Any = getattr(model, "logit_scale", None)
    heat: Any = getattr(model, "temperature", None)
    bias: Any = getattr(model, "logit_bias", None)
    if learned is None and heat is None:
        raise ModelError(
            f"model {shown}: is a {type(model).__name__} without logit_scale or temperature, but should be a "
            "contrastive model, which learned one: choose another model"
        )
    scale = 1 / float(heat.detach().float()) if learned is None else float(learned.detach().float().exp())
    return scale, None if bias is None else float(bias.detach().float())


def _device(settings: Settings) -> str:
    if settings.device != "auto":
        return settings.device
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _pooled(found: Any) -> Tensor:
    """The features themselves: releases return them bare or as part of a longer answer."""
    pooled: Tensor = getattr(found, "pooler_output", found)
    return pooled


def _refuse(files: Files, cause: Exception) -> ModelError:
    """One line without the path of this machine."""
    told = " ".join(str(cause).replace(str(files.folder), files.shown).split())
    return ModelError(
        f"model {files.shown}: cannot be loaded ({type(cause).__name__}: {told[:300]}), but should open with "
        "transformers and without code of its own: check the files, the packages and the options"
    )
