"""Options and reply to an answer that was read, or the reason why none was. Never sees the gold.

A reply is never guessed: what is read is a statement that commits to one answer, and everything else is ``Unread``
with its reason. The three functions are pure, total on any text, and take time linear in its length.

- ``letter(reply, options)``: an option letter
- ``yes_no(reply)``: ``yes`` or ``no``
- ``phrase(reply)``: a short answer

``clean`` takes a reply apart (transcript, thoughts, tags, markup); ``choice``, ``polar`` and ``short`` read what is
left; ``sheet`` knows the options, ``statement`` and ``cues`` what is said of them, ``failure`` what is no
answer; ``turns`` says which turn is read.
"""

from __future__ import annotations

from harness.extract.choice import letter
from harness.extract.polar import yes_no
from harness.extract.short import phrase
from harness.records import Read, Unread

__all__ = ["VERSION", "Read", "Unread", "letter", "phrase", "yes_no"]

VERSION = "3"
"""Changes whenever any reply could be read differently; part of what two scores must share to be compared."""
