"""Words that rank: above, below, the same. What they would need, and what to say instead. Data, and no logic."""

from __future__ import annotations

from harness.lint.rule import PEOPLE, Rule, rule

_DIFFERENCE = (
    "the difference: A - B = +x points (95 % CI low to high, method; p, test; n rows, clusters), both measured in one "
    "harness; or that it is inconclusive"
)
_MARGIN = (
    "that the difference is smaller than a margin fixed beforehand, and shown so by two one-sided tests; or that it is "
    "inconclusive"
)
_ALL = "gate_better gate_not_worse beats_shuffled beats_text_only above_chance"
_NOT = r"(?!not\b|never\b|no\b)"

RANK: tuple[Rule, ...] = (
    rule(
        "beats",
        "beat(?:s|en|ing)?",
        "out ?perform(?:s|ed|ing|ance)?",
        "surpass(?:es|ed|ing)?",
        "out ?scor(?:es?|ed|ing)",
        "out ?class(?:es|ed)?",
        "superior (?:to|performance|accuracy|results?)",
        why="one score above another is not yet a difference between two models: it needs the same harness, an "
        "interval above zero, and a test that agrees",
        instead=_DIFFERENCE,
        but=(
            "heart ?beats?",
            "beat(?:s|ing)? (?:per|heart|rate|to beat)",
            "(?:premature|ectopic|irregular|missed|skipped|ventricular|atrial|sinus|fusion|extra|paced|dropped) beats?",
            "bpm",
        ),
        claims=_ALL,
    ),
    rule(
        "better than",
        r"(?:better|stronger|more accurate|more capable) (?:\w{1,15} ){0,2}than",
        "performs? better",
        why="no comparison is cited: same rows, same harness, interval and test",
        instead=_DIFFERENCE,
        needs="result_like",
        unless="interval link",
        claims=_ALL,
    ),
    rule(
        "state of the art",
        "states? of the art",
        "SoTA",
        "cutting edge",
        "best in class",
        "world class",
        "unrivall?ed|unparalleled",
        why="nobody has measured every system in one harness, and the claim is out of date before it is read",
        instead="the systems that were measured in the same run, each with its score, interval and n",
        claims="gate_better",
    ),
    rule(
        "human level",
        f"(?:near )?{PEOPLE} (?:level|grade)",
        "super ?human",
        r"(?:on par with|matches|matching|rivals|rivall?ing|equals|exceeds|exceeding) (?:\w{1,15} ){0,2}" + PEOPLE,
        why="a benchmark of questions has no measured group of people in it, and people do not work by its questions",
        instead="the score with its interval, beside that of named readers who answered the same rows under the same "
        "conditions",
        but=(
            r"(?:level|grade) (?:\w{1,15} ){0,2}(?:questions?|benchmarks?|exams?|knowledge|data(?:set)?s?|annotations?|"
            r"difficulty|problems?|tasks?|multi\w{0,12}|reasoning|labels?)",
        ),
    ),
    rule(
        "no difference",
        r"no (?:\w{1,15} ){0,2}differences?",
        "(?:the )?same (?:performance|accuracy|scores?|level|results?) as|the same as",
        "performs? (?:just )?(?:the same|equally|as well|identically)",
        rf"(?:is|are|was|were) (?:{_NOT}\w{{1,12}} )?(?:equivalent|identical|indistinguishable|comparable|equal) "
        "(?:to|with|from|in performance|in accuracy)",
        "(?:equivalent|comparable|equal|identical) (?:performance|accuracy|scores?|results?)",
        "on par with",
        "as good as",
        why="a difference that was not shown is not shown to be absent: too few rows look the same way",
        instead=_MARGIN,
        needs="result_like",
        unless="margin",
        claims="beats_shuffled beats_text_only stable_under_rotation gate_not_worse",
    ),
    rule(
        "not significant",
        r"(?:not|\w{2,6}n't) (?:statistically )?significant(?:ly)? (?:different|better|worse|higher|lower)",
        "non ?significant(?:ly)?",
        "insignificant(?:ly)? (?:difference|change|drop|gain|different)",
        why="a large p-value says that these rows do not decide, not that the two are equal",
        instead=_MARGIN,
        unless="margin inconclusive",
        claims="beats_shuffled beats_text_only gate_not_worse",
    ),
    rule(
        "not significant",
        "not (?:statistically )?significant",
        why="a large p-value says that these rows do not decide, not that the two are equal",
        instead=_MARGIN,
        needs="equality",
        unless="margin inconclusive",
        claims="beats_shuffled beats_text_only gate_not_worse",
    ),
    rule(
        "significantly",
        rf"significant(?:ly)? (?:{_NOT}\w{{1,12}} )?(?:better|higher|lower|worse|above|below|improv\w{{1,8}}|gains?|"
        r"drops?|outperform\w{0,3}|exceed\w{0,3}|increas\w{1,3}|decreas\w{1,3}|reduc\w{1,5}|differ\w{0,6}|"
        "more accurate)",
        r"(?:improv|increas|decreas|differ|outperform|exceed)\w{0,4} significantly",
        why="no p-value and no interval stand beside it",
        instead="by how much: +x points (95 % CI low to high, method; p, test; n rows)",
        unless="p interval",
        but=(r"\w{1,12} (?:memory|compute|parameters|storage|power|data|time|costs?)",),
        claims="gate_better beats_shuffled beats_text_only above_chance",
    ),
    rule(
        "below chance",
        "(?:below|worse than|under|less than|lower than) (?:a |the )?(?:pure |random |blind )?(?:chance|"
        r"coin (?:flip|toss)|guess\w{0,3}|random(?: (?:guess\w{0,3}|baseline|chance|performance|level))?)",
        why="refusals, unread replies and answers in another format score 0, and a guess never refuses: lower than a "
        "guess is not knowing the opposite",
        instead="the score with its interval and the share of unread replies, beside the expected score of a guess",
        claims="above_chance",
    ),
)
"""The rules, in the order in which they are looked for; the first that takes a place has it."""
