"""What speakers of twelve languages say: answers, traps, refusals and hedges.

A *trap* is a sentence with a word, a conjunction or an article that looks like an option's letter: Portuguese 'A' and
'E', Italian 'E', the Russian words for 'but' and 'from', Chinese and Japanese words that begin with a letter.
"""

# ruff: noqa: RUF001 - the letters of other alphabets are what this file is about

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """What a speaker of one language says.

    Attributes
    ----------
    letter : tuple of str
        Statements of a letter.
    trap : tuple of str
        Sentences that name no option.
    yes, no : tuple of str
        Replies that say so.
    polar : tuple of str
        Statements of ``{w}``, which is one of ``words``.
    words : tuple of str
        The words for yes and for no.
    phrase : tuple of str
        Statements of a short answer.
    nouns : tuple of str
        Short answers.
    refusal, hedge : tuple of str
        No answer: declined, or two letters.
    """

    letter: tuple[str, ...]
    trap: tuple[str, ...]
    yes: tuple[str, ...]
    no: tuple[str, ...]
    polar: tuple[str, ...]
    words: tuple[str, str]
    phrase: tuple[str, ...]
    nouns: tuple[str, ...]
    refusal: tuple[str, ...]
    hedge: tuple[str, ...]


TONGUES: dict[str, Tongue] = {
    "en": Tongue(
        letter=("The correct answer is {a}.", "Answer: {a}", "Option {a} is the right one.", "I would choose {a}."),
        trap=("A dark line runs through it.", "I see no reason to hurry.", "The patient was given vitamin C."),
        yes=("Yes.", "Yes, it can be seen.", "Yes, clearly."),
        no=("No.", "No, it cannot be seen.", "No, not at all."),
        polar=("The answer is {w}.", "Answer: {w}"),
        words=("yes", "no"),
        phrase=("The answer is {a}.", "Answer: {a}"),
        nouns=("liver", "spleen"),
        refusal=("I'm sorry, I cannot see the picture.", "I am not able to answer this question."),
        hedge=("{o} or {p}", "Either {o} or {p} is correct."),
    ),
    "zh": Tongue(
        letter=("答案是{a}。", "正确答案：{a}", "因此选{a}。", "应选择选项{a}。", "【答案】{a}", "所以正确答案为{a}。"),
        trap=("患者曾患B型流感。", "维生素C水平正常。", "A超检查未见异常。", "C反应蛋白升高。"),
        yes=("是。", "是的，可以看到。", "有", "对"),
        no=("否。", "不是，图像正常。", "没有", "不对"),
        polar=("答案是：{w}", "答案：{w}。"),
        words=("是", "否"),
        phrase=("答案是{a}。", "答案：{a}"),
        nouns=("肝脏", "左肺上叶"),
        refusal=("抱歉，我无法查看图像。", "对不起，我不能提供医学诊断。", "无法判断。"),
        hedge=("{o}或{p}", "可能是{o}，也可能是{p}。", "{o}和{p}都正确。"),
    ),
    "ja": Tongue(
        letter=("正解は{a}です。", "答えは{a}です。", "答え：{a}", "したがって、{a}が正解です。", "{a}を選びます。"),
        trap=("B型肝炎の既往がある。", "C反応性蛋白は正常である。", "ビタミンDを内服している。"),
        yes=("はい。", "はい、認めます。"),
        no=("いいえ。", "いいえ、認めません。"),
        polar=("答えは「{w}」です。", "答え：{w}"),
        words=("はい", "いいえ"),
        phrase=("答えは{a}です。", "答え：{a}"),
        nouns=("肝臓", "左肺"),
        refusal=("申し訳ありませんが、画像を確認できません。", "申し訳ございません。お答えできません。"),
        hedge=("{o}または{p}", "{o}か{p}のどちらかです。", "{o}と{p}が正しい。"),
    ),
    "ko": Tongue(
        letter=("정답은 {a}입니다.", "정답: {a}", "따라서 정답은 {a}번입니다.", "{a}가 정답입니다.", "답: {a}"),
        trap=("비타민 D 수치는 정상입니다.", "B형 간염 병력이 있습니다.", "A형 혈액입니다."),
        yes=("네.", "예, 보입니다.", "네, 있습니다."),
        no=("아니요.", "아니오, 보이지 않습니다.", "아니요, 없습니다."),
        polar=("정답: {w}", "답은 {w}입니다."),
        words=("네", "아니요"),
        phrase=("정답은 {a}입니다.", "정답: {a}"),
        nouns=("간", "왼쪽 폐"),
        refusal=("죄송하지만 이미지를 볼 수 없습니다.", "죄송합니다. 답변을 제공할 수 없습니다."),
        hedge=("{o} 또는 {p}", "{o}와 {p} 모두 가능합니다."),
    ),
    "es": Tongue(
        letter=(
            *("La respuesta correcta es la {a}.", "Respuesta: {a}", "La opción correcta es {a}) {t}"),
            *("Elijo la opción {a}.", "Por lo tanto, la respuesta es {a}.", "La alternativa correcta es la {a}."),
        ),
        trap=("A la derecha se ve una sombra.", "E incluso los bordes son nítidos.", "Se dio vitamina D."),
        yes=("Sí.", "Sí, se observa con claridad.", "Si, hay una."),
        no=("No.", "No, no se observa.", "No, no hay ninguna."),
        polar=("La respuesta es {w}.", "Respuesta: {w}"),
        words=("sí", "no"),
        phrase=("La respuesta es {a}.", "Respuesta: {a}"),
        nouns=("hígado", "pulmón izquierdo"),
        refusal=("Lo siento, pero no puedo ver la imagen.", "No puedo responder a esta pregunta."),
        hedge=("{o} o {p}", "Podría ser {o} o {p}.", "Tanto {o} como {p} son correctas."),
    ),
    "pt": Tongue(
        letter=(
            *("A resposta correta é a letra {a}.", "Resposta: {a}", "A alternativa correta é a {a}.", "Letra {a}."),
            *("Portanto, a resposta é {a}.", "Alternativa {a}", "Escolho a opção {a}."),
        ),
        trap=(
            "A paciente relata dor há dois dias.",
            "E não há sinais de urgência.",
            "A imagem é boa. E os bordos, nítidos.",
        ),
        yes=("Sim.", "Sim, observa-se.", "Sim, há."),
        no=("Não.", "Não, não se observa.", "Não, não há."),
        polar=("A resposta é {w}.", "Resposta: {w}"),
        words=("sim", "não"),
        phrase=("A resposta é {a}.", "Resposta: {a}"),
        nouns=("fígado", "pulmão esquerdo"),
        refusal=("Desculpe, não consigo ver a imagem.", "Sinto muito, não posso responder."),
        hedge=("{o} ou {p}", "Pode ser {o} ou {p}.", "{o} e {p} estão corretas."),
    ),
    "fr": Tongue(
        letter=(
            *("La bonne réponse est {a}.", "Réponse : {a}", "La réponse correcte est la {a}.", "Je choisis {a}."),
            *("La réponse est donc {a}.", "Réponse {a}."),
        ),
        trap=("A droite, le contour est flou.", "Il y a une ombre à gauche.", "Il prend de la vitamine D."),
        yes=("Oui.", "Oui, on le voit.", "Oui, nettement."),
        no=("Non.", "Non, on ne le voit pas.", "Non, aucune."),
        polar=("La réponse est {w}.", "Réponse : {w}"),
        words=("oui", "non"),
        phrase=("La réponse est {a}.", "Réponse : {a}"),
        nouns=("foie", "poumon gauche"),
        refusal=("Je suis désolé, je ne peux pas voir l'image.", "Désolé, je ne peux pas répondre."),
        hedge=("{o} ou {p}", "Soit {o}, soit {p}.", "{o} et {p} sont possibles."),
    ),
    "de": Tongue(
        letter=(
            *("Die richtige Antwort ist {a}.", "Antwort: {a}", "Antwort {a} ist richtig.", "Ich wähle {a}."),
            *("Daher ist die Antwort {a}.", "Die Lösung lautet {a}."),
        ),
        trap=("Vitamin D wurde gegeben.", "Die Aufnahme ist gut belichtet.", "Hepatitis B ist bekannt."),
        yes=("Ja.", "Ja, man sieht es.", "Ja, deutlich."),
        no=("Nein.", "Nein, man sieht es nicht.", "Nein, keine."),
        polar=("Die Antwort ist {w}.", "Antwort: {w}"),
        words=("ja", "nein"),
        phrase=("Die Antwort ist {a}.", "Antwort: {a}"),
        nouns=("Leber", "linke Lunge"),
        refusal=("Es tut mir leid, ich kann das Bild nicht sehen.", "Leider kann ich diese Frage nicht beantworten."),
        hedge=("{o} oder {p}", "Entweder {o} oder {p}.", "{o} und {p} sind beide richtig."),
    ),
    "it": Tongue(
        letter=(
            *("La risposta corretta è la {a}.", "Risposta: {a}", "La risposta giusta è {a}.", "Scelgo {a}."),
            *("L'opzione corretta è la {a}.", "Quindi la risposta è {a}."),
        ),
        trap=("E i margini sono sfumati.", "A destra si vede un'ombra.", "Prende vitamina D."),
        yes=("Sì.", "Sì, si vede.", "Sì, chiaramente."),
        no=("No.", "No, non si vede.", "No, nessuna."),
        polar=("La risposta è {w}.", "Risposta: {w}"),
        words=("sì", "no"),
        phrase=("La risposta è {a}.", "Risposta: {a}"),
        nouns=("fegato", "polmone sinistro"),
        refusal=("Mi dispiace, non posso vedere l'immagine.", "Non sono in grado di rispondere."),
        hedge=("{o} o {p}", "Potrebbe essere {o} o {p}.", "Sia {o} che {p} sono corrette."),
    ),
    "ru": Tongue(
        letter=(
            *("Правильный ответ: {a}", "Ответ: {a}.", "Правильный вариант — {a}.", "Я выбираю вариант {a}."),
            *("Следовательно, правильный ответ {a}.", "Верный ответ: {a}"),
        ),
        trap=("А контуры нечёткие.", "С правой стороны видна тень.", "Витамин D в норме."),
        yes=("Да.", "Да, видно.", "Да, есть."),
        no=("Нет.", "Нет, не видно.", "Нет, не определяется."),
        polar=("Ответ: {w}", "Правильный ответ: {w}."),
        words=("да", "нет"),
        phrase=("Ответ: {a}.", "Правильный ответ: {a}"),
        nouns=("печень", "левое лёгкое"),
        refusal=("Извините, я не могу увидеть изображение.", "К сожалению, я не могу ответить."),
        hedge=("{o} или {p}", "Либо {o}, либо {p}.", "{o} и {p} верны."),
    ),
    "ar": Tongue(
        letter=("الإجابة الصحيحة هي {a}.", "الجواب: {a}", "الخيار الصحيح هو {a}", "الإجابة: {a}"),
        trap=("فيتامين D طبيعي.", "الصورة جيدة.", "التهاب الكبد B معروف."),
        yes=("نعم.", "نعم، يوجد."),
        no=("لا.", "لا، لا يوجد."),
        polar=("الجواب: {w}", "الإجابة هي {w}."),
        words=("نعم", "لا"),
        phrase=("الجواب: {a}", "الإجابة هي {a}."),
        nouns=("الكبد", "الرئة اليسرى"),
        refusal=("آسف، لا أستطيع رؤية الصورة.", "عذرًا، لا يمكنني الإجابة."),
        hedge=("{o} أو {p}", "إما {o} أو {p}."),
    ),
    "he": Tongue(
        letter=("התשובה הנכונה היא {a}.", "תשובה: {a}", "האפשרות הנכונה היא {a}", "לכן התשובה היא {a}."),
        trap=("ויטמין D תקין.", "התמונה טובה.", "הפטיטיס B ידועה."),
        yes=("כן.", "כן, רואים."),
        no=("לא.", "לא, לא רואים."),
        polar=("התשובה היא {w}.", "תשובה: {w}"),
        words=("כן", "לא"),
        phrase=("התשובה היא {a}.", "תשובה: {a}"),
        nouns=("כבד", "ריאה שמאל"),
        refusal=("מצטער, איני יכול לראות את התמונה.", "אני לא יכול לענות על השאלה."),
        hedge=("{o} או {p}", "גם {o} וגם {p} נכונות."),
    ),
}
"""Code of the language -> what its speakers say."""
