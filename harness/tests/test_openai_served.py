"""Models behind well-behaved servers, in the dialects of vLLM, llama.cpp and Ollama, and without any count."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

from harness import spec
from harness.backends.openai.model import OpenaiModel
from harness.errors import ImageRefused, ModelError
from harness.ledger import Ledger
from harness.records import ImagePart, ImageRef, Prompt, Receipt, TextPart
from harness.run import Settings, measure
from harness.tests import made
from harness.tests.checkpoints import ask, picture
from harness.tests.served import Asked, Server, serving

Serve = Callable[..., tuple[Server, OpenaiModel]]
QUESTION = "Which? (A) one (B) two"
ONE, TWO, THREE = (picture(number) for number in (1, 2, 3))


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts a server and opens its model; both end with the test."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with ExitStack() as stack:

        def start(options: str = "", **does: Any) -> tuple[Server, OpenaiModel]:
            server = stack.enter_context(serving(Server(**does)))
            return server, another(server, options)

        def another(server: Server, options: str) -> OpenaiModel:
            model = spec.open_model(spec.parse(f"vlm=openai:org/vlm@{server.url}?backoff=0.01&retries=1{options}"))
            assert isinstance(model, OpenaiModel)
            stack.callback(model.close)
            return model

        yield start


def weigh(*choices: str, images: tuple[ImageRef, ...] = ()) -> Prompt:
    prompt = ask(QUESTION, *images)
    return Prompt(parts=prompt.parts, max_new_tokens=8, choices=choices)


# ------------------------------------------------------------------------------------------------- requests


@pytest.mark.parametrize("dialect", ["vllm", "llamacpp", "ollama", "sglang", "lmstudio", "gemini", "vertex", "bare"])
def test_reply_and_receipts_come_back_in_every_dialect(serve: Serve, dialect: str) -> None:
    server, model = serve(dialect=dialect)
    prompt = ask(QUESTION, ONE, TWO)
    model.check([prompt])
    reply = model.reply(model.prepare([prompt], ["7"]))[0]
    assert reply.text == server.answer(server.asked[-1])
    assert [receipt.digest for receipt in reply.receipts] == ["digest-1", "digest-2"]
    assert {receipt.tokens for receipt in reply.receipts} == {1 if dialect == "bare" else 256}
    counted = 0 if dialect == "bare" else 12 + len(QUESTION.split()) + 512
    assert (reply.finish, reply.prompt_tokens, reply.error) == ("stop", counted, "")
    assert reply.call is not None
    assert (reply.call.tries, reply.call.cached) == (1, 8 if dialect == "vllm" else 0)
    assert reply.call.request == f"req-{len(server.asked)}"


def test_server_is_given_the_exact_pixels_and_the_parts_in_order(serve: Serve) -> None:
    server, model = serve("&seed=3&detail=low")
    prompt = Prompt(
        parts=(*ask("before").parts, *ask(" between ", ONE).parts, *ask(" after", TWO).parts), max_new_tokens=9
    )
    model.reply(model.prepare([prompt]))
    sent = server.asked[-1]
    assert [shown.tobytes() for shown in sent.pictures] == [ONE.open().tobytes(), TWO.open().tobytes()]
    kinds = [part["type"] for part in sent.fields["messages"][0]["content"]]
    assert kinds == ["text", "image_url", "text", "image_url", "text"]
    assert sent.text == "before between  after"
    assert {name: sent.fields[name] for name in ("model", "max_tokens", "temperature", "seed")} == {
        "model": "org/vlm",
        "max_tokens": 9,
        "temperature": 0,
        "seed": 3,
    }
    assert sent.fields["messages"][0]["content"][1]["image_url"]["detail"] == "low"
    assert not {"logprobs", "top_logprobs", "stream", "n"} & set(sent.fields)


@pytest.mark.parametrize(
    ("order", "kinds"),
    [
        ("as_given", ["text", "image_url", "text", "image_url"]),
        ("images_first", ["image_url", "image_url", "text", "text"]),
        ("text_first", ["text", "text", "image_url", "image_url"]),
    ],
)
def test_order_moves_all_parts_of_a_kind_and_is_told(serve: Serve, order: str, kinds: list[str]) -> None:
    server, model = serve(f"&order={order}")
    parts = (TextPart(text="before"), ImagePart(image=ONE), TextPart(text=" between "), ImagePart(image=TWO))
    prompt = Prompt(parts=parts, max_new_tokens=9)
    model.check([prompt])
    reply = model.reply(model.prepare([prompt]))[0]
    sent = server.asked[-1]
    assert [part["type"] for part in sent.fields["messages"][0]["content"]] == kinds
    assert [shown.tobytes() for shown in sent.pictures] == [ONE.open().tobytes(), TWO.open().tobytes()]
    assert sent.text == "before between "
    assert [receipt.digest for receipt in reply.receipts] == [ONE.digest, TWO.digest]
    # the order of the parts is of the decoding, and so of the key of every reply
    assert model.decoding.get("order", "as_given") == order


def test_a_server_has_as_many_requests_at_once_as_it_may_and_never_more(serve: Serve, tmp_path: Path) -> None:
    together = threading.Barrier(4)
    inside, most, lock = [0], [0], threading.Lock()

    def answer(asked: Asked) -> str:
        if "Is it" not in asked.text:  # of the meeting
            return "yes"
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        # each waits for three others: with fewer lanes the first would wait in vain
        together.wait(timeout=20)
        with lock:
            inside[0] -= 1
        together.wait(timeout=20)
        return "B"

    server, model = serve("&concurrency=4", answer=answer)
    rows = [replace(made.row(number), stem=f"Is it {number}?") for number in range(16)]
    settings = Settings(canaries=0)
    found = measure(made.benchmark(rows), "text_only", model, made.loaded(rows), Ledger(tmp_path), settings)
    assert [answer.reply.error for answer in found.answers] == [""] * 16
    assert most == [4]
    assert sum("Is it" in asked.text for asked in server.asked) == 16


def test_options_change_the_request(serve: Serve) -> None:
    extra = quote('{"chat_template_kwargs": {"enable_thinking": false}}')
    options = f"&temperature=unset&max_tokens_field=max_completion_tokens&image=jpeg&extra={extra}"
    server, model = serve(options)
    model.reply(model.prepare([ask(QUESTION, ONE)]))
    sent = server.asked[-1].fields
    assert sent["max_completion_tokens"] == 6
    assert not {"temperature", "max_tokens", "detail"} & set(sent)
    assert sent["chat_template_kwargs"] == {"enable_thinking": False}
    assert sent["messages"][0]["content"][0]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert model.facts["pictures"] == "jpeg (lossy)"
    assert model.decoding == {"method": "as the server samples"}


def test_picture_that_cannot_be_opened_any_more_is_a_failed_row(serve: Serve) -> None:
    def gone() -> Image.Image:
        raise ImageRefused("image 'x.png' was changed during the run")

    server, model = serve()
    lost = ImageRef(name="x.png", digest="d", width=1, height=1, open=gone)
    replies = model.reply(model.prepare([ask(QUESTION, lost), ask(QUESTION)], ["1", "2"]))
    assert replies[0].error == "row 1: image 'x.png' was changed during the run"
    assert [reply.finish for reply in replies] == ["failed", "stop"]
    assert [asked.text for asked in server.rows] == [QUESTION]


def test_key_is_sent_and_written_nowhere(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "sk-hunter2-hunter2"
    monkeypatch.setenv("VLM_KEY", f"{secret}\n")
    server, model = serve("&key=VLM_KEY", fault=lambda asked: "echo" if "fail" in asked.text else "")
    model.check([ask(QUESTION, ONE)])
    replies = model.reply(model.prepare([ask(QUESTION, ONE), ask("fail")]))
    assert server.asked[-1].headers["authorization"] == f"Bearer {secret}"
    assert "status 400: cannot take Bearer [key]" in replies[1].error
    told = repr((model, model.spec, dict(model.facts), dict(model.decoding), model.fingerprint, replies))
    assert "hunter2" not in told


def test_two_servers_of_one_name_do_not_share_replies(serve: Serve) -> None:
    one, other = serve()[1], serve()[1]
    assert one.fingerprint != other.fingerprint


def test_fingerprint_follows_what_shapes_a_reply_and_nothing_else(serve: Serve) -> None:
    server, model = serve()

    def fingerprint(options: str = "") -> str:
        opened = spec.open_model(spec.parse(f"other=openai:org/vlm@{server.url}?{options}"))
        try:
            return opened.fingerprint
        finally:
            opened.close()

    same = "concurrency=2&timeout=9&retries=0&price_in=1"
    assert fingerprint() == fingerprint(same) == model.fingerprint
    server.model = "org/vlm-2026-01-02"
    others = [fingerprint(), fingerprint("image=jpeg"), fingerprint("detail=low"), fingerprint("probe=off")]
    assert len({*others, fingerprint("extra=%7B%22top_k%22:1%7D"), model.fingerprint}) == 6


# ---------------------------------------------------------------------------------------------------- sight


def test_probe_tells_what_it_counted(serve: Serve) -> None:
    _, model = serve()
    model.check([ask(QUESTION, ONE), ask(QUESTION, ONE, TWO, THREE)])
    assert model.facts["sight probe"] == (
        "a text of 26 prompt tokens, with one picture 282, with two 538, with three 794; every picture costs 256; "
        "replies to two pictures differ"
    )


def test_probe_is_made_once_for_all_modes(serve: Serve) -> None:
    server, model = serve()
    model.check([ask(QUESTION, ONE, TWO)])
    asked = len(server.asked)
    model.check([ask(QUESTION, ONE)])
    model.check([ask(QUESTION)])
    assert len(server.asked) == asked


def test_server_that_drops_pictures_is_refused_with_the_numbers(serve: Serve) -> None:
    _, model = serve(kept=0)
    model.check([ask(QUESTION)])
    with pytest.raises(ModelError) as refused:
        model.check([ask(QUESTION, ONE)])
    assert str(refused.value) == (
        "model vlm: a text of 26 prompt tokens, with one picture 26, but every picture should add to them: the server "
        "drops pictures; serve the model with its vision part and with enough pictures a prompt"
    )


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_server_that_keeps_the_first_pictures_alone_is_refused(serve: Serve, kept: int) -> None:
    _, model = serve(kept=kept)
    model.check([ask(QUESTION, *[picture(n) for n in range(kept)])])
    with pytest.raises(ModelError, match="but every picture should add to them: the server drops pictures"):
        model.check([ask(QUESTION, *[picture(n) for n in range(4)])])


def test_server_that_drops_large_pictures_is_refused(serve: Serve) -> None:
    _, model = serve(tokens=lambda picture: 256 if picture.width < 1000 else 0)
    with pytest.raises(ModelError, match="has 26 with a picture of 1344 x 1008 pixels, but the picture should add"):
        model.check([ask(QUESTION, ONE)])


def test_server_that_says_it_takes_no_large_pictures_is_asked_about_others(serve: Serve) -> None:
    _, model = serve(fault=lambda asked: "413" if any(picture.width > 1000 for picture in asked.pictures) else "")
    prompt = ask(QUESTION, ONE)
    model.check([prompt])
    assert "a picture costs 256 to 256 by its size" in model.facts["sight probe"]
    assert model.reply(model.prepare([prompt]))[0].receipts == (Receipt(digest="digest-1", tokens=1),)


def test_word_in_the_place_of_a_picture_is_no_proof(serve: Serve) -> None:
    _, model = serve(tokens=lambda picture: 3, answer=lambda asked: hashlib.sha256(asked.text.encode()).hexdigest())
    with pytest.raises(ModelError) as refused:
        model.check([ask(QUESTION, ONE)])
    assert "a picture adds 3 prompt tokens, no more than a word in its place would, and the reply is the same" in str(
        refused.value
    )


def test_model_of_few_tokens_a_picture_is_proven_by_its_replies(serve: Serve) -> None:
    _, model = serve(tokens=lambda picture: 4)
    model.check([ask(QUESTION, ONE, TWO)])
    assert model.facts["sight probe"].endswith(
        "every picture costs 4; with the first or the last of 2 pictures exchanged the reply changed, 4 of 4 times"
    )


def test_pictures_that_cost_by_their_size_have_receipts_of_one_part(serve: Serve) -> None:
    _, model = serve(tokens=lambda picture: picture.width * picture.height // 784)
    prompt = ask(QUESTION, ONE)
    model.check([prompt])
    assert "a picture costs 12 to 1728 by its size" in model.facts["sight probe"]
    reply = model.reply(model.prepare([prompt]))[0]
    assert reply.receipts == (Receipt(digest="digest-1", tokens=1),)


def test_model_that_tiles_a_lone_picture_is_not_taken_for_one_that_drops(serve: Serve) -> None:
    def usage(body: dict[str, Any]) -> dict[str, Any]:
        pictures = body["usage"]["prompt_tokens"] // 256
        body["usage"]["prompt_tokens"] += 1000 if pictures == 1 else 0
        return body

    _, model = serve(fields=usage)
    model.check([ask(QUESTION, ONE, TWO)])
    assert "with one picture 1282, with two 538, with three 794" in model.facts["sight probe"]
    assert model.reply(model.prepare([ask(QUESTION, ONE, TWO)]))[0].finish == "stop"


@pytest.mark.parametrize("looks", [True, False])
def test_server_without_counts_has_to_follow_the_pictures(serve: Serve, looks: bool) -> None:
    blind = {"answer": lambda asked: hashlib.sha256(asked.text.encode()).hexdigest()}
    _, model = serve(dialect="bare", **({} if looks else blind))
    if looks:
        model.check([ask(QUESTION, ONE, TWO)])
        assert model.facts["sight probe"].startswith("the server counts no tokens; with the first or the last of 2")
        return
    with pytest.raises(ModelError, match="counts no prompt tokens, and the reply is the same when picture 1 of 1 is"):
        model.check([ask(QUESTION, ONE)])


def test_server_that_replies_at_random_without_counts_is_refused(serve: Serve) -> None:
    _, model = serve(dialect="bare", answer=lambda asked: f"{asked.time}")
    with pytest.raises(ModelError, match="and the reply changes by itself when picture 1 of 1 is exchanged"):
        model.check([ask(QUESTION, ONE)])


def test_row_whose_picture_was_dropped_is_a_failed_row(serve: Serve) -> None:
    def usage(body: dict[str, Any]) -> dict[str, Any]:
        body["usage"]["prompt_tokens"] -= 256 if len(server.asked) == 9 else 0
        return body

    server, model = serve(fields=usage)
    prompts = [ask(f"{QUESTION} {n}", ONE) for n in range(4)]
    model.check(prompts)
    replies = model.reply(model.prepare(prompts))
    failed = [reply for reply in replies if reply.finish == "failed"]
    assert len(failed) == 1
    assert failed[0].receipts == ()
    assert "the server dropped the picture: it counted 18 prompt tokens, but 1 picture(s) alone" in failed[0].error


def test_without_the_probe_no_receipt_is_given(serve: Serve) -> None:
    server, model = serve("&probe=off")
    prompt = ask(QUESTION, ONE)
    model.check([prompt])
    reply = model.reply(model.prepare([prompt]))[0]
    assert (reply.finish, reply.receipts) == ("stop", ())
    assert model.facts["sight probe"].startswith("off: nothing proves that a picture reached the model")
    assert sum(bool(asked.pictures) for asked in server.asked) == 1


# ------------------------------------------------------------------------------------------------- identity


def test_server_that_has_another_model_alone_is_refused_before_it_is_asked(serve: Serve) -> None:
    server, model = serve(model="org/other")
    with pytest.raises(ModelError) as refused:
        model.check([ask(QUESTION)])
    assert str(refused.value) == (
        "model vlm: the server has only 'org/other', but should be 'org/vlm': ask for that name, or add "
        "served=org/other if it is the same model"
    )
    assert server.asked == []


def test_server_that_answers_as_another_model_is_refused_unless_that_is_said(serve: Serve) -> None:
    server, model = serve(model="org/other", listed=[])
    with pytest.raises(ModelError, match="the server answers as 'org/other', but should be 'org/vlm'"):
        model.check([ask(QUESTION)])
    said = spec.open_model(spec.parse(f"x=openai:org/vlm@{server.url}?served=org/other"))
    said.check([ask(QUESTION)])
    assert said.facts["answers as"] == "org/other"
    said.close()


def test_server_that_cannot_be_reached_is_refused_in_one_line() -> None:
    model = spec.open_model(spec.parse("vlm=openai:org/vlm@http://127.0.0.1:9/v1?retries=1&backoff=0.01"))
    with pytest.raises(ModelError) as refused:
        model.check([ask(QUESTION)])
    model.close()
    told = str(refused.value)
    assert told.startswith("model vlm: a trial request to http://127.0.0.1:9/v1 failed before any row was asked: ")
    assert "the connection failed" in told
    assert "\n" not in told


# ------------------------------------------------------------------------------------------------- likelihood


def test_choices_are_weighed_by_the_first_token(serve: Serve) -> None:
    server, model = serve(top={"B": 0.4, " A": 0.3, "A": 0.1, "The": 0.1, "C": 0.05})
    prompt = weigh("A", "B", "C")
    model.check([prompt])
    reply = model.reply(model.prepare([prompt]))[0]
    assert reply.scores == pytest.approx([math.log(0.4), math.log(0.4), math.log(0.05)])
    assert reply.finish == "stop"
    sent = server.asked[-1].fields
    assert (sent["max_tokens"], sent["logprobs"], sent["top_logprobs"]) == (1, True, 20)


def test_server_without_log_probabilities_is_refused_before_any_row(serve: Serve) -> None:
    _, model = serve()
    with pytest.raises(ModelError, match="gives no log-probabilities, but likelihood and logprobs=on need them"):
        model.check([weigh("A", "B")])


def test_generated_reply_carries_its_probability_and_lead(serve: Serve) -> None:
    _, model = serve("&logprobs=on", top={"B": 0.6, "A": 0.3})
    model.check([ask(QUESTION)])
    reply = model.reply(model.prepare([ask(QUESTION)]))[0]
    assert reply.logprob == pytest.approx(math.log(0.6))
    assert reply.lead == pytest.approx(math.log(2))
    assert reply.scores == ()
