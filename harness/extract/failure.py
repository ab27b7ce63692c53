"""Texts that hold no answer: the words of a failed call, a refusal, a text that stops in the middle."""

from __future__ import annotations

import re

_NEAR = 400
_ERROR = re.compile(
    r"\W{0,3}(?:error\b(?:[:\]]|[^a-z\n]{0,4}(?:api|code|\d{3}|failed|occurred|while|during|calling|generating|\{|$))"
    r"|(?:an? )?(?:unexpected |internal |server )*error (?:has )?occurred|internal server error|bad gateway"
    r"|api (?:request |call )?(?:error|fail)|(?:api )?(?:request|call) (?:failed|timed out|to .{0,40} failed)"
    r"|failed to (?:obtain|get|fetch|generate|receive|process|retrieve|call|load)|(?:error|status) code:? ?\d{3}"
    r"|\[?(?:error|exception|failed|timeout)\]?\W{0,3}$|traceback \(most recent|[a-z_.]{2,60}(?:error|exception): "
    r"|[a-z_.]{2,60}(?:error|exception)\(|rate limit|too many requests|quota exceeded|resource exhausted"
    r"|(?:<html>.{0,40})?[45]\d\d (?:bad gateway|service unavailable|gateway time-?out|forbidden|unauthorized|not "
    r"found)"
    r"|(?:bad gateway|service unavailable|gateway time-?out)\b|(?:the )?(?:connection|server|upstream)\b.{0,20}"
    r" (?:error|reset|refused|aborted|closed|timed out)|[a-z_.]{0,60}timeout: "
    r"|\{\W{0,3}error\W|http(?:/\d\.\d)?\W{0,2}(?:error )?[45]\d\d\b|[45]\d\d (?:client|server) error"
    r"|(?:cuda )?out of memory|context length exceeded|content[ _](?:filter|policy)|safety settings"
    r"|(?:the )?response (?:was )?blocked|no (?:answer|response|output|reply)(?: (?:was )?(?:provided|given|received|"
    r"returned|available|generated))?\W{0,3}$|(?:null|undefined|nan|n/a)\W{0,3}$)",
)
_REFUSAL = re.compile(
    r"\b(?:i|we)(?: am|'m| was| are|'re)? ?(?:really |very |so |truly )?"
    r"(?:sorry|unable to|not able to|not allowed to)\b"
    r"|^\W{0,3}sorry\b|\bi apologi[sz]e\b"
    r"|\bas an ai\b|\bas a (?:text-based|language|large)|\bi(?:'m| am) (?:just |only )?an ai\b"
    r"|\b(?:i|we) (?:really |simply |also |still )?"
    r"(?:can ?not|can't|could not|couldn't|won't|will not|do not|don't|am not|must decline to)"
    r" (?:able to )?(?:currently |directly |definitively |reliably |actually |accurately |physically )?"
    r"(?:answer|see|view|analy[sz]e|access|interpret|determine|provide|help|assist|diagnose|choose|select|have|"
    r"identify|process|give|make|comply|fulfil|evaluate|assess|offer|say|know|display|open|examine|tell|guess)\b"
    r"|\bi(?:'d)? (?:need|would need|require)(?: to see)? (?:the|an?|access|more|additional)\b"
    r"|\bplease (?:provide|upload|share|attach|supply)\b"
    r"|\b(?:it is|it's) (?:not possible|impossible) to\b|\bno image (?:was|has been|is)\b"
    r"|\b(?:cannot|can't|can not) be (?:determined|answered)\b"
    r"|\bunable to (?:determine|answer|see|view|provide|analyze)"
    r"|^\W{0,3}(?:i(?:'m| am) (?:really )?not (?:sure|certain)|(?:i have )?no (?:idea|clue|image))\W{0,3}$"
    r"|\b(?:image|picture|file)s? (?:can ?not|could not|couldn't|can't) be (?:loaded|displayed|opened|read|found)\b"
    r"|\binsufficient information\b|\bnot enough information\b"
    r"|\blo siento\b|\bno puedo (?:ver|responder|ayudar|determinar|proporcionar)|\bdesculpe\b|\bsinto muito\b"
    r"|\bn[ãa]o (?:posso|consigo) (?:ver|responder|ajudar|determinar|fornecer)|\bje suis désolé|\bes tut mir leid"
    r"|\bje ne (?:peux|suis) pas\b|\bdésolé\b|\bich kann\b.{0,60}\bnicht (?:sehen|beantworten|beurteilen|erkennen)\b"
    r"|\bkann ich\b.{0,60}\bnicht (?:sehen|beantworten|beurteilen|erkennen)\b|\bmi dispiace\b|\bnon posso\b"
    r"|\bnon sono in grado\b|לא יכול|لا يمكنني|عذر[ًا]"
    r"|抱歉|对不起|無法|无法|不能提供|申し訳|できません|お答えでき|죄송|제공할 수 없"
    r"|מצטער|איני יכול|извините|не могу|آسف|لا أستطيع"
)
_FULL = re.compile(r"[.!?:;)\]}\"'»。!?؟।]\W{0,8}$")


def is_error(text: str) -> bool:
    """Whether a text in lower case is that of a failed call, judged by how it begins."""
    return bool(_ERROR.match(text.strip()[:_NEAR]))


def refuses(text: str) -> bool:
    """Whether a text in lower case declines to answer, near its beginning or its end."""
    return bool(_REFUSAL.search(text[:_NEAR]) or _REFUSAL.search(text[-_NEAR:]))


def breaks_off(text: str) -> bool:
    """Whether a text of more than a few words stops without an end, or right where the answer should come."""
    tail = text.rstrip()[-_NEAR:]
    if re.search(r"(?:answer|option|choice|respuesta|resposta)(?: (?:is|es|é)|\s?:)[\s:\"'(]{0,3}$", tail):
        return True
    return len(text) > 80 and not _FULL.search(tail)
