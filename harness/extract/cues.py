"""The words around a letter that make it an answer, in the languages that models reply in.

All patterns are for text in lower case, but for capitals that stand alone. They are meant for windows of a few
hundred characters before or after a letter: each costs a bounded time a letter, so that reading takes time linear in
the length of the reply.
"""

from __future__ import annotations

import re

WINDOW = 200


def _any(*groups: str) -> str:
    """Alternatives from lists of words; an underscore stands for a space."""
    return "|".join(word.replace("_", r"\s") for group in groups for word in group.split())


# A letter joins Latin words only: Chinese, Japanese and Korean are written without spaces
_START = r"(?<![a-zA-ZÀ-ɏ])"
_END = r"(?:\b|(?<=[^\x00-\x7f]))"

# A noun that a letter follows, as in 'option A', is that option and not the start of a statement about the answer
_LONE = r"(?!\s?[\"'(\[]?[a-zA-Z][\"')\]]?(?![^\W_]))"
_COUNTED = _any(
    "answers? ans choice option alternative selection response verdict prediction solution letter(?=\\s?:)",
    "(?<=correct_)letter (?<=answer_)letter (?<=option_)letter (?<=choice_)letter",
    "decision pick guess opci[óo]n alternativa letra elecci[óo]n op[çc][ãa]o gabarito assertiva choix lettre opzione",
    "lettera proposition",
)
_NAMED = _any(
    r"correct(?=\s?:) ans(?=\.) respuesta resposta réponse reponse antwort lösung auswahl risposta scelta antwoord",
    "odpowied[źz] cevap seçenek jawaban đáp_án svar răspunsul? vastaus απάντηση ответ ответом вариант відповідь",
    "答案 选项 選項 选择 選擇 正解 正答 答え 解答 回答 選択肢 答 정답 답변 답 선택지 보기",
    "התשובה תשובה האפשרות אפשרות נכונה الإجابة الاجابة الجواب إجابة الخيار اجابة जवाब उत्तर विकल्प คำตอบ ข้อ",
)
_NOUN = rf"{_START}(?:(?:{_COUNTED}){_LONE}|{_NAMED}){_END}"
# Verbs that state; 'could be' is hedged and stands apart
_STATING = _any(
    "is are was be remains seems appears 's es sería seria são é est serait ist lautet wäre è sarebbe jest är",
    "является это là adalah คือ 是 为 為 就是 应为 應為 应该是 應該是 应是 選 选 选择 は が として 은 는 이 가",
    "היא הוא הינה זה هي هو है",
)
_VERB = rf"{_END}(?:{_STATING})(?![a-z0-9])"
# What may stand between the statement and the letter
_FILL = _any(
    "the a an most likely probably definitely clearly indeed therefore thus then simply actually still correct best",
    "right letter option choice answer alternative number to be only either as follows follow given by below",
    "la el las los o os le les das die der il l opci[óo]n alternativa letra op[çc][ãa]o lettre réponse item inciso",
    "probablemente provavelmente буква вариант 选项 選項 选择 選択肢 第 応 应 אפשרות תשובה האפשרות 보기 번 câu nr",
)
_BRIDGE = rf"(?:[\s\"'(\[{{<:：,、=>*#-]|(?:{_FILL})(?![a-z0-9]))*"
_CLAUSE = r"[^.!?。！？\n;:：]"
_COLON = r"\s?[\"']?\s?(?:[:：=\]]|->|=>|-(?=\s)|>|(?<=\bans)\.)"
_ASIDE = r"(?:\s?\([^()\n]{0,60}\))?"
_KINDS = _any(
    "correct[ao]? correta final adecuada adequada chosen selected key letter number choice option", r"#?\d{1,4}"
)
_KIND = rf"(?:\s(?:{_KINDS}|(?:to|for|of)\s[^:.\n]{{1,40}})){{0,4}}"

# 'the answer to this question is', 'answer:', 'Answer' alone on a line
ANSWER = re.compile(rf"{_NOUN}{_KIND}{_ASIDE}(?:{_CLAUSE}{{0,90}}?{_VERB}|{_COLON}|\s?\n){_BRIDGE}$")
# The same without a verb, or with the letter on the next line: a heading as much as a statement
HEADING = re.compile(rf"(?:{_COLON}|\n)\s*{_BRIDGE}$")
_WHO = _any(
    "[iI] we [iI]'d [iI]'ll [iI]'m [iI]_am [iI]_would would will must should let's therefore thus so and , ^",
    "like_to going_to have_to had_to want_to need_to inclined_to now",
)
_TAKE = _any(
    "choose chose select selected pick picked go_with going_with go_for going_for opt_for vote_for settle_on conclude",
    "choosing selecting prefer conclude_that answer answer_with",
)
_THINK = r"(?:say|guess|think|believe|suspect)(?:\sthat)?(?:\s(?:it|this)(?:'s|\sis|\swould\sbe))?"
_TAKE_ELSEWHERE = _any(
    "elijo escojo selecciono scelgo escolho marco seleciono je_choisis ich_wähle выбираю",
)
_TAKE_ASIA = _any("认为(?:应该)?是? 应选 應選 应该选 應該選 故选 故選 所以选 因此选 选择 選擇 选 選 選ぶ 选定")
# 'I choose', 'go with', 'I think it is'; 'It is' at the start of a sentence
CHOOSE = re.compile(
    rf"(?:(?:\b|^|(?<=,))(?:{_WHO})\s?(?:{_TAKE}|{_THINK})\b"
    r"|(?:^|[.!\n]\s?)(?:it's|it is|it must be|it has to be|this is|that is|that's)\b"
    rf"|\b(?:{_TAKE_ELSEWHERE})|{_TAKE_ASIA}){_BRIDGE}$"
)
_SUBJECT = _any(
    "statement assertion exception diagnosis finding management treatment diagnóstico conduta 诊断 診断 所見 처치 진단"
)
_MATCHING = _any("consistent_with compatible_with match(?:es)? leaves leaving leaves_us_with leads_to")
_RATHER = r"not\s(?:option\s)?[\"'(]?[a-zA-Z][\"')]?,?\s(?:but|rather)"
# For a letter that its clause ends with: 'the diagnosis is C.', 'most consistent with (C)', 'not A but C'
POINTS = re.compile(
    rf"(?:{_START}(?:{_SUBJECT}){_END}{_CLAUSE}{{0,60}}?{_VERB}|\b(?:{_MATCHING}|{_RATHER})\b){_BRIDGE}$"
)
_HENCE = _any(
    "so therefore thus hence consequently accordingly by_elimination by_exclusion portanto logo assim por_lo_tanto",
    "por_tanto así donc daher somit quindi следовательно поэтому итак",
)
_HENCE_ELSEWHERE = _any("-> => 因此 所以 故 したがって よって ゆえに 따라서 לכן لذلك")
_BARELY = _any(
    "it this that is it's the option choice answer letter must be would opción opção alternativa a la 选项 選項 选择",
    "选 選 是 应选",
)
# 'so', 'therefore', with nothing but the letter to follow
THEREFORE = re.compile(rf"(?:\b(?:{_HENCE})\b|{_HENCE_ELSEWHERE})(?:[\s,:，、\"'(\[]|(?:{_BARELY})(?![a-z0-9]))*$")
# A verb or colon, for a letter that brings its option's own words: 'the diagnosis is', 'management would be:'
STATES = re.compile(rf"(?:{_VERB}|{_NOUN}{_ASIDE}\s?[:：])\s?[:：]?{_BRIDGE}$")
_SURE = _any("diagnosis diagnóstico most_likely most_appropriate most_suitable most_probable best")
# As ANSWER, with other words up to a bracket: 'the answer is osteogenesis imperfecta (C)'
ANSWER_WORDS = re.compile(
    rf"(?:{_NOUN}|\b(?:{_SURE})\b){_CLAUSE}{{0,60}}?(?:{_VERB}|:)"
    rf"[^.!?。！？\n;()]{{1,120}}[(\[]\s?(?:(?:{_FILL})\s)*$"
)

_PUT_DOWN = _any("other remaining another each every all alternative incorrect wrong eliminated excluded")
_THINGS = _any("option choice answer possibilit alternative diagnos differential consideration")
# 'the other options are:', 'why A is not the best choice:' discuss options, and lead to no answer
DISCUSSES = re.compile(
    rf"\bwhy\b|\b(?:{_PUT_DOWN})\s(?:of\sthe\s)?(?:[^\W_]+\s)?(?:{_THINGS})[a-z]*\b|\bothers\b|\bdifferentials?\b"
    r"|\bnot\s(?:the\s|an?\s)?(?:best|correct|right|appropriate|suitable|likely|ideal|as)\b"
    r"|\brul(?:ed|e)\sout\b|\bunlikely\b"
    r"|\bless\s(?:likely|appropriate|suitable|probable)\b|\b(?:otras?|outras?|demás|demais)\s(?:op|alternativ|resp)"
    r"|\bpor\s?qu[eé]\b|\bwarum\b|\bpourquoi\b|其他|他の|誤|错误|不正确"
)
_MAY = _any("could might may can podría podria puede pode poderia könnte pourrait")
MODAL = re.compile(
    rf"(?:\b(?:{_MAY})(?:\s(?:also|well|still|likely|possibly|potentially|perhaps|even))*\s(?:be|ser|être|sein)\b"
    rf"|(?<![最更])可能是?|\b(?:maybe|perhaps|possibly)\b){_BRIDGE}$"
)
_UNLESS = r"(?<!even\s)(?<!as\s)(?<!see\s)(?<!check\s)(?<!know\s)(?<!decide\s)(?<!assess\s)(?<!determine\s)"
# 'the answer cannot be', 'I do not think that the answer is'
DOUBTED = re.compile(
    rf"(?:\bnot|n't|\bnever|\bcannot)\s(?:[^\W_]+\s)?be\b{_BRIDGE}$"
    r"|(?:\bnot|n't|\bhardly|\bnever)\s(?:think|believe|say|know|agree|sure|certain|clear|mean|claim)\b(?!.*(?:\bbut\b|;))"
    r"|\bdoubt\b|\b(?:whether|unclear|uncertain|unknown)\b(?!.*(?:\bbut\b|\bso\b|;|,))"
)
# 'if the film shows'; not 'if I had to choose', 'if we consider', 'even if', 'to see if'
CONDITION = re.compile(
    rf"{_UNLESS}\b(?:if|unless|assuming|wenn)\b(?!\s(?:[iI]|we|one|forced|pressed|asked|any|only|not)\b)"
    r"|(?:^|[.,\n]\s?)si\b|^\W*(?:suppose|supposing|imagine|say)\s(?:that\s)?the\b"
    r"|^\W*(?:were|had|should)\s(?:it|there|the|this|that)\b|如果|假如|もし|אם "
)
WOULD = re.compile(r"\b(?:would|could|might|may|sería|seria|wäre|serait)\b")
QUOTED = re.compile(
    r"\be\.g\b|\bfor\sexample\b|\bexample\s?:|\bformat\b|\bplease\s(?:select|choose|pick)\b"
    r"|^\s?(?:(?:select|choose|pick|give|provide)\s(?:the|one|an?|your|only|from)|answer\swith)\b"
    r"|\b(?:wrote|said|claimed|argued|answered|stated)\s?[:,]?\s?[\"']"
)
_BEFORE_LETTER = _any(
    "option choice answer ans alternative letter opci[óo]n alternativa letra op[çc][ãa]o choix opzione antwort réponse",
    "respuesta resposta lettre вариант ответ",
)
_BEFORE_LETTER_ELSEWHERE = _any("选项 選項 選択肢 选 答案 אפשרות תשובה 선택지 보기 الخيار विकल्प उत्तर जवाब ข้อ")
OPTION = re.compile(rf"(?:\b(?:{_BEFORE_LETTER})|{_BEFORE_LETTER_ELSEWHERE})[\s\"'(\[]{{0,3}}$")

_BECAUSE = _any(
    "because since due_to for_the based_on given as_it as_the as_this which and or but rather though porque pois",
    "ya_que car weil y e o ou et und oder и или parce",
)
_PARTICLE = _any(
    "です で だ が は と を に の も か である となり 。 、 ， 项 項 选项 对 對 正 比 入 选 或 和 以 因",
    "입니다 이 가 는 은 번 을 를 와 과 예 है हैं ครับ ค่ะ",
)
# What may follow a bare letter that is meant as one: a reason or a particle, which also ends a statement; or a verb
REASON = re.compile(rf"\s(?:{_BECAUSE})\b|\s?[(\[]|\s?(?:{_PARTICLE})")
_DOING = _any(
    "is are was é es est ist parece would will must should seems appears remains represents stands best fits matches",
    "describes היא הוא",
)
VERB = re.compile(rf"\s(?:{_DOING})\b|\s?(?:是|为|為|最)")

_WRAP = r"[\s\"')\].,*:-]{0,4}"
_ADVERBS = r"(?:(?:also|clearly|likely|probably|indeed|therefore|thus|still|definitely|overall|then|hence)\s)*"
_BE = _any(
    "is are was seems?(?:_to_be)? appears?(?:_to_be)? would_be will_be remains must_be should_be represents",
    "stands_out_as es é parece(?:_ser)? sería seria est ist",
)
_TRUE = _any("correct right true correct[ao] correta richtig")
_CHOSEN = _any("best answer chosen correct right mejor melhor correcta correta respuesta resposta richtige bonne")
_BEST_ASIA = (
    r"(?:が|と|だと)(?:最も|もっとも)?(?:正しい|正解|適切|妥当|考え|思)|を選|是?最(?:合适|合適|符合|可能|正确|佳|恰当)"
    r"|(?P<true>是?正确|是?正確)|가 (?:정답|가장)|이 (?:정답|가장)|היא התשובה|הוא התשובה"
)
# 'B is the best choice'; the named groups where a letter is only said to be true, as several may be
BEST = re.compile(
    rf"{_WRAP}(?:{_BE})\s{_ADVERBS}(?:(?:the|my|our|a|la|el|o|die|der)\s)?(?:single\s|overall\s|final\s)?"
    rf"(?:(?P<right>{_TRUE})\b(?!\s(?:answer|option|choice|one|respuesta|resposta|opción|opção))"
    r"|(?:a\s)?better\b(?!\sthan)|more\s(?:likely|probable|plausible|appropriate|suitable|consistent)\b(?!\sthan)"
    rf"|one\sthat\s(?:fits|matches|explains)\b|(?:{_CHOSEN})\b|(?:most|mais|más)\s(?!common|often|of\b)[^\W_]+)"
    rf"|{_WRAP}(?:fits|matches|describes)\s(?:the\s)?(?:best|most)\b"
    r"|[\"')\]]{0,2}\sas\s(?:the|my|our)\s(?:(?:final|correct|best|right)\s)?(?:answer|choice)\b"
    rf"|[\s\"')\].:-]{{0,4}}(?:this\sis\s)?(?P<ticked>correct|(?P<yes>yes))\b|[\"')\]]?\s?(?:{_BEST_ASIA})"
)
_WRONG = _any(
    r"not\b n't incorrect wrong unlikely less\b least\b ruled excluded eliminated inappropriate false incorrecta",
    r"incorreta falsa?\b 不 错 誤 ではな",
)
# 'B is not', straight after a letter that a statement had named
DENIED = re.compile(rf"[\"')\]]{{0,2}}\s?(?:(?:{_BE})\s?{_ADVERBS}(?:{_WRONG})|不是|不正|错误|ではな)")
# 'the most common wrong answer is', 'many people would choose': named, and not by the speaker as the answer
MISNAMED = re.compile(
    r"\b(?:wrong|incorrect|false|worst|unlikely|second[-\s]best|distracting)\s(?:[^\W_]+\s)?(?:answer|option|choice)s?\b"
    r"[^.!?;,:\n]{0,40}\Z|\b(?:first|second|third|next|last)\soption\sis\s[\"'(\[]?\Z"
)
SOMEONE = re.compile(r"\b(?:people|students|many|most|some|others|they|readers|doctors|clinicians|beginners)\s\Z")
# Only looked at, set aside or granted: 'let us consider', 'I first thought of', 'while ... is possible'
SET_ASIDE = re.compile(
    r"\b(?:first|initially|originally|earlier)\b[^.!?\n]*\Z|\b(?:while|although|though|unlike|despite|whether)\b[^,.!?\n]*\Z"
    r"|\b(?:consider|look\sat|evaluate|assess|examine|discuss|compare|about|between|contrast\sto|history\sof"
    r"|than|instead\sof|apart\sfrom)\s(?:the\s)?(?:options?\s)?[\"'(\[]?\Z"
)
_UNSURE = _any(
    "does_not doesn't do_not can't cannot would_not would_need would_require would_show would_have needs requires",
    "não no_es could might may",
)
# 'B: incorrect', 'B can be ruled out', for letters that are only mentioned
AGAINST = re.compile(
    rf"{_WRAP}(?:(?:(?:{_BE}|can\sbe|could\sbe|may\sbe|might\sbe|no|não)\s)?{_ADVERBS}(?:{_WRONG})|(?:{_UNSURE})\b)"
    rf"|{_WRAP}(?:is|was)\s(?:an?|the)\s(?:[^\W_]+\s)?(?:distractor|trap|mimic|alternative|differential)\b"
)

_AND = _any("and or y e o ou et und oder as_well_as and/or")
_AND_ELSEWHERE = _any("и или 和 或 与 與 と や または および 및 또는")
_DOWN = _any("incorrect wrong not ruled excluded eliminated less unlikely")
_NEXT = _any("option choice opción opção alternativa 选项 選択肢")
# 'and B', ', B', '/B' after a letter, where these others are not only named to be turned down
MORE = re.compile(
    rf"[\"')\].]{{0,3}}\s?(?:[,/&+、]|\b(?:{_AND})\b|{_AND_ELSEWHERE}|ו)(?:\s?(?:and|or|e|y)\b)?"
    rf"(?:\s(?:possibly|perhaps|maybe|potentially|probably|even|likely)\b)?(?:\s?(?:{_NEXT}))?[\s\"'(\[]{{0,3}}"
    r"(?P<letter>[a-zA-Z])(?=[\"')\]]{0,3}(?:$|[.,;:!?\n。、)]|\s(?:are|and|or|both|son|são)\b|[^\x00-\x7f]))"
    rf"(?![^.\n]{{0,40}}\s(?:are|is|can\sbe|were)\s(?:[^\W_]+\s)?(?:{_DOWN}))"
)
# The other half of MORE: 'A and' before a letter
BEFORE = re.compile(
    r"(?<![^\W_])(?P<letter>[a-zA-Z])[\"')\]]{0,2}"
    rf"(?:\s?(?:[/&]|{_AND_ELSEWHERE})|,?\s(?:{_AND}))\s?(?:(?:{_NEXT})\s)?[\"'(\[]{{0,2}}$"
)
