# SPDX-License-Identifier: Apache-2.0
"""Records written for this corpus: conversations, preference pairs, and support tickets with made-up personal data.

Nobody in here exists. Addresses lie in domains and ranges set aside for documentation, card numbers are the card
industry's public test numbers, and other numbers were computed to have right check digits.
"""

QUESTIONS = [
    (
        "How do I see which process holds a port?",
        "Run `ss -ltnp` as root. The last column names the process and its "
        "number; `ss -ltnp 'sport = :8080'` shows one port only.",
        "Try restarting the computer.",
    ),
    (
        "Why does my shell script stop at the first error?",
        "Probably `set -e` is on: the shell leaves as soon as a command "
        "fails that is not part of a condition. Append `|| true` where failure is fine.",
        "Shell scripts never stop.",
    ),
    (
        "Was ist der Unterschied zwischen einem Prozess und einem Thread?",
        "Ein Prozess hat einen eigenen Adressraum. "
        "Threads teilen sich den Adressraum ihres Prozesses und haben nur eigenen Stapel und eigene Register.",
        "Es gibt keinen Unterschied.",
    ),
    (
        "Comment compresser un dossier sous Linux ?",
        "Avec `tar --zstd -cf dossier.tar.zst dossier/`. L'option `-x` à la place de `-c` permet de le décompresser.",
        "Ce n'est pas possible sous Linux.",
    ),
    (
        "¿Qué es una clave primaria?",
        "Es la columna, o el grupo de columnas, que identifica cada fila de una tabla sin "
        "ambigüedad. No puede ser nula ni repetirse.",
        "Una contraseña importante.",
    ),
    (
        "Explain photosynthesis to a child.",
        "Plants eat light. Their green leaves catch sunshine and use it to turn water and "
        "air into sugar. What is left over is the oxygen that we breathe.",
        "6CO2 + 6H2O -> C6H12O6 + 6O2, obviously.",
    ),
    (
        "Is a tomato a fruit?",
        "To a botanist yes: it grows from the flower and holds the seeds. In the kitchen we treat it as a "
        "vegetable, and a court once agreed with the cooks for the sake of tariffs.",
        "No.",
    ),
    (
        "什么是哈希表?",
        "哈希表用哈希函数把键映射到数组的位置,平均只需常数时间就能查找、插入和删除。冲突时可以用链表或开放寻址解决。",
        "一种桌子。",
    ),
    (
        "Write a haiku about rain.",
        "Drops knock on the roof,\nthe gutter hums its old song;\nthe cat will not move.",
        "Rain is wet and falls. It falls from clouds. The end.",
    ),
    (
        "How many bones has an adult?",
        "Usually 206. Babies start with around 270 softer ones, many of which fuse on the way.",
        "About a thousand.",
    ),
    (
        "Wie koche ich ein weiches Ei?",
        "Wasser aufkochen, das Ei mit einem Löffel hineinlegen, je nach Größe viereinhalb bis "
        "fünfeinhalb Minuten kochen und kurz kalt abschrecken.",
        "Eine Stunde kochen.",
    ),
    (
        "What does `git rebase` do?",
        "It takes the commits of your branch and applies them again on top of another base, as if "
        "you had begun there. The commits get new hashes, so do not do it to shared branches.",
        "It deletes the repository.",
    ),
]
FOLLOW_UPS = [
    ("And if that does not help?", "Then tell me the exact message you see; the next step depends on it."),
    ("Thank you. Is there a shorter way?", "Not one that I would trust more, but the manual lists alternatives."),
    ("Danke! Gilt das auch für ältere Versionen?", "Ja, das ist seit vielen Jahren so."),
]
TICKETS = [
    "Hello, my name is {name}. I cannot log in since Tuesday. Please write to {email} or call {phone}; my last "
    "successful "
    "login came from {ip}, which is the address of our office. I have already tried to reset the password twice "
    "and the "
    "mail never came, not even to the spam folder. Could you have a look at the mail log and tell me what "
    "happened there?",
    "Guten Tag, hier ist {name}. Die Lastschrift von {iban} wurde doppelt eingezogen. Bitte überweisen Sie den "
    "Betrag zurück "
    "und bestätigen Sie das an {email}. Falls Sie Fragen haben, erreichen Sie mich unter {phone}. Ich habe den "
    "Kontoauszug "
    "beigelegt, auf dem beide Buchungen am gleichen Tag mit dem gleichen Betrag zu sehen sind. Vielen Dank im Voraus.",
    "Hi team, the payment with card {card} was declined although the bank says that all is well. The customer {name} "
    "({email}) would like to try again before the weekend. Our request left from {ip} and the gateway answered "
    "after nine "
    "seconds with a time-out. Can somebody see whether the charge is pending, so that we do not bill the "
    "customer twice?",
    "For the payroll file of {name} please use the social security number {ssn} and the phone {phone}. The old "
    "record had "
    "two digits swapped, which is why the tax form came back last month. After the change please run the "
    "monthly report "
    "again and send the result to {email}, so that we can compare it with the paper copy that is in the cabinet.",
    "您好,我是{name}。我的身份证号码是{resident},手机号码是{mobile}。上个月办理的宽带到现在还没有开通,客服电话一直打不通,"
    "请尽快安排人员上门安装,并把结果发送到{email}。如果本周内仍然无法解决,我希望可以取消订单并退还已经支付的费用,谢谢。",
]
NAMES = [
    "Ada Beispiel",
    "Jean Exemple",
    "Max Mustermann",
    "Jane Roe",
    "王小明",
    "Sam Sample",
    "Erika Musterfrau",
    "Ana Prueba",
]
TEST_CARDS = [
    "4111 1111 1111 1111",
    "5555 5555 5555 4444",
    "378282246310005",
    "6011-1111-1111-1117",
    "4000056655665556",
]
# Numbers that stood on specimen cards and in advertisements.
VOID_SSNS = ["078-05-1120", "219-09-9999", "457-55-5462"]
PUBLISHED_IBANS = ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "FR14 2004 1010 0505 0001 3M02 606"]


def resident_id(random):
    """A made-up Chinese resident number: area code 110101, a birthday, a serial number, and its right check digit."""
    birthday = f"{random.randint(1950, 2005)}{random.randint(1, 12):02}{random.randint(1, 28):02}"
    digits = f"110101{birthday}{random.randint(1, 999):03}"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return digits + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11]


def tickets(count, random):
    """Support tickets full of what looks like personal data."""
    for number in range(count):
        name = random.choice(NAMES)
        text = TICKETS[number % len(TICKETS)].format(
            name=name,
            email=f"{name.split()[-1].lower() if name.isascii() else 'xiaoming'}{random.randint(1, 99)}@example.com",
            phone=random.choice(["+1 202 555 01{:02}", "(202) 555-01{:02}", "+44 20 7946 00{:02}"]).format(
                random.randint(0, 99)
            ),
            mobile=f"1380013{random.randint(0, 9999):04}",
            ip=random.choice(["192.0.2.{}", "198.51.100.{}", "203.0.113.{}"]).format(random.randint(1, 254)),
            card=random.choice(TEST_CARDS),
            iban=random.choice(PUBLISHED_IBANS),
            ssn=random.choice(VOID_SSNS),
            resident=resident_id(random),
        )
        yield {"id": f"ticket-{number:03}", "channel": random.choice(["mail", "web", "phone"]), "body": text}


def sharegpt(random):
    for number, (question, answer, _) in enumerate(QUESTIONS):
        turns = [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]
        if number % 2:
            more, reply = random.choice(FOLLOW_UPS)
            turns += [{"from": "human", "value": more}, {"from": "gpt", "value": reply}]
        yield {"id": f"conversation_{number}", "conversations": turns}


def openai_messages():
    for question, answer, _ in QUESTIONS:
        yield {
            "messages": [
                {"role": "system", "content": "You answer briefly and truthfully."},
                {"role": "user", "content": question},
                {"role": "assistant", "content": answer},
            ]
        }


def alpaca():
    for number, (question, answer, _) in enumerate(QUESTIONS):
        yield {
            "instruction": question,
            "input": "Answer in two sentences." if number % 4 == 0 else "",
            "output": answer,
        }


def preference_pairs():
    for question, chosen, rejected in QUESTIONS:
        yield {"prompt": question, "chosen": chosen, "rejected": rejected}
