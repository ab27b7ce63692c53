"""Words that say what a model is or can do: why a score cannot carry them, and what to say instead. Data, no logic."""

from __future__ import annotations

from harness.lint.rule import IMAGES, PEOPLE, Rule, rule

_SIGHT = (
    "On BENCHMARK with this prompt, accuracy depended on the matching image (+x points against the images of other "
    "rows, 95 % CI)"
)
_SOMEONE = (
    rf"(?:{PEOPLE}|readers?|users?|you|we|they|people|anyone|one|who|whoever|reviewers?|patients?|students?|nobody|"
    r"everyone|everybody|somebody|persons?)"
)
_NOT = r"(?!not\b|never\b|no\b)"

ABILITY: tuple[Rule, ...] = (
    rule(
        "understands",
        "understands|comprehends",
        "(?:can|able to) (?:truly |really )?(?:understand|comprehend)",
        "(?:understand|understanding of|comprehension of) "
        "(?:(?:the|these|such|complex|medical|clinical|radiology|pathology) ){0,3}" + IMAGES,
        why="a score shows how often answers were right, and an ablation shows that they depended on the images; "
        "neither shows understanding",
        instead=_SIGHT,
        but=(rf"(?:{_SOMEONE}|to) (?:\w{{1,12}} )?(?:understand\w{{0,3}}|comprehend\w{{0,3}})",),
        claims="beats_shuffled beats_text_only",
    ),
    rule(
        "sees",
        "sees|able to see",
        rf"(?:can|really|truly|actually) see (?:(?:the|an?) )?(?:\w{{1,15}} )?{IMAGES}",
        why="that images were delivered is shown by receipts, and that they mattered by ablations; seeing is neither",
        instead=_SIGHT,
        but=(rf"{_SOMEONE} (?:\w{{1,12}} )?sees?",),
        claims="beats_shuffled beats_text_only",
    ),
    rule(
        "proves",
        r"proves|prov(?:ed|en?|ing) that|proof that|conclusively \w{1,15}|definitively (?:shows?|demonstrates?)",
        why="rows of a benchmark support or refute a claim at a stated level; they prove nothing beyond themselves",
        instead="supports, with the interval and the test",
        but=("proves (?:to be|useful|difficult|hard|helpful|challenging|tricky)",),
    ),
    rule(
        "clinical",
        "clinical(?:ly)? (?:safe|validated|proven|ready|approved|grade|reliable|trustworthy|accurate|deployable)",
        r"(?:safe|ready|suitable|validated|approved|fit) for (?:\w{1,12} )?clinical (?:use|practice|deployment|work)",
        "medical grade",
        why="no benchmark of questions is evidence of clinical safety or utility",
        instead="what was measured, and: this is not evidence of clinical safety or utility",
    ),
    rule(
        "diagnoses",
        r"(?:models?|VLMs?|MLLMs?|systems?|networks?|assistants?|AI|it|which|also|accurately|correctly|reliably|automatically|"
        r"\w{1,20}Gemma|\w{1,20}-\d{1,3}B) diagnoses(?! (?:and|of|or|that|which|are|were|in)\b)",
        r"(?:can|able to|will|reliably|accurately|automatically) (?:\w{1,12}ly )?diagnose",
        why="answering a question about a picture is not diagnosing a patient",
        instead="answers questions of BENCHMARK about x, right in k of n",
        but=(
            rf"(?:{_SOMEONE}|nurses?) (?:\w{{1,12}} ){{0,2}}diagnoses?",
            "(?:of|the|other|differential|rare|common|multiple|several|wrong|correct) diagnoses",
        ),
    ),
    rule(
        "hallucination-free",
        "hallucination free|(?:no|zero|free (?:of|from)) hallucinations?",
        r"(?:does not|doesn't|never|will not|won't|cannot) hallucinate",
        r"eliminat\w{1,4} hallucinations?",
        why="none found in n rows leaves up to about 3/n, and only for what was looked for",
        instead="0 of n replies described an image that was not given (one-sided 95 % upper bound, Clopper-Pearson)",
    ),
    rule(
        "leakage",
        "(?:not|never) contaminated|un ?contaminated",
        r"(?:contamination|leakage|leak) free|(?:no|free (?:of|from)) (?:\w{1,12} )?(?:contamination|leakage|leaks)",
        rf"(?:benchmarks?|data|test sets?|splits?|datasets?) (?:is|are|was|were|remains?) (?:{_NOT}\w{{1,12}} )?clean",
        "clean (?:benchmarks?|test sets?|test data|evaluation|split)",
        why="a test finds overlap, or does not find it at its threshold; not found is not absent",
        instead="no overlap found by TEST at threshold t (n pairs compared); or: overlap found in k of n pairs",
        unless="overlap",
    ),
    rule(
        "leakage",
        "(?:was|were|been|is|are) (?:clearly |not |never |likely |probably |obviously )?trained on",
        why="overlap and probes are signals: they fire on models that cannot have seen the data",
        instead="overlap found (or not found) by TEST at threshold t (n pairs compared)",
        needs="leakage",
        unless="overlap",
        but=("the (?:control|blind) model (?:was|is) trained on",),
    ),
    rule(
        "multimodal",
        r"multi ?modal (?:\w{1,15} )?(?:scores?|accurac(?:y|ies)|results?|performance|evaluation|benchmark)",
        "multi ?modal generali[sz]ation",
        why="the same sentence says that no image was given, so this is a score of text alone",
        instead="text-only (zero-image) baseline: k of n right, with the count of zero-image rows",
        needs="text_only",
        unless="margin",
        but=(
            r"(?:compared|versus|against|rather|than|and|or|minus) (?:\w{1,12} ){0,2}(?:text only|without images?)",
            "0 zero image|no zero image",
        ),
        claims="saw_images",
    ),
    rule(
        "VRS",
        "(?-i:VRS)|visual reliance scores?",
        why="it is defined in two ways, against shuffled and against black images",
        instead="the two conditions by name: image_text - shuffled, or image_text - blank, in points with interval",
        but=("VRS is defined", "VRS means"),
        claims="beats_shuffled",
    ),
    rule(
        "robust",
        "robust(?:ly|ness)?",
        why="it names no change and no size",
        instead="the change and the difference it made: rotating the options changed the score by x points (95 % CI "
        "low to high)",
        unless="interval margin",
        but=(
            r"robust (?:standard|statistic\w{0,3}|regression|estimat\w{1,4}|variance|scal\w{1,4}|tests?|benchmarks?|"
            r"tracks?|optimi[sz]\w{1,6}|loader|parser|errors?)",
            "robustness (?:tests?|checks?|benchmarks?|tracks?|evaluation|analysis)",
            "cluster robust",
        ),
        claims="stable_under_rotation",
    ),
    rule(
        "needs no images",
        r"(?:do(?:es)?|did) ?(?:not|n't) (?:need|require|use|look at|depend on) (?:the |any |its |their )?" + IMAGES,
        f"(?:needs?|requires?|uses?) no {IMAGES}",
        f"ignores? (?:the |all )?{IMAGES}",
        "no visual dependence",
        f"{IMAGES} (?:are|is) (?:not needed|unnecessary|irrelevant|useless|not used)",
        why="a difference that these rows did not show may be there; only an equivalence test within a margin shows "
        "that it is small",
        instead="that taking the images away changed the score by less than a margin (equivalence shown); or "
        "inconclusive, with the smallest difference that n rows could have shown",
        needs="about_model",
        unless="margin",
        but=("modes?|baselines?|runs?|conditions?|text only|options only",),
        claims="beats_text_only beats_shuffled",
    ),
)
"""The rules, in the order in which they are looked for; the first that takes a place has it."""
