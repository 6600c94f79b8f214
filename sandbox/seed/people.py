"""The demonstration's customers and staff: forty invented people with names in many scripts; pure data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

PASSWORD = "kettle-and-leaf"
"""Everybody's password in the demonstration; printed by the launcher, good for nothing else."""


@dataclass(frozen=True)
class Person:
    """A customer; `habit` is how many orders a quarter, `taste` the department they buy from most, `spend` 1 to 3."""

    first: str
    last: str
    email: str
    birthday: date
    city: str
    habit: int
    taste: str
    spend: int

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


@dataclass(frozen=True)
class Staff:
    """A person of the shop: their account in the back office and the role the plugin gives them."""

    username: str
    first: str
    last: str
    role: str
    superuser: bool = False

    @property
    def email(self) -> str:
        return f"{self.username}@kiln-and-leaf.example"


STAFF = [
    Staff("owner", "Marta", "Oduya", "owner", superuser=True),
    Staff("manager", "Henrik", "Sølvberg", "manager"),
    Staff("clerk", "Ilse", "Brandt", "clerk"),
]

_ROWS = """
Zoë|Łukaszewicz|zoe|1989-03-14|Leipzig|9|tea|3
李|雪梅|xuemei.li|1992-11-02|Berlin|8|teaware|3
佐藤|美咲|misaki.sato|1985-07-21|Düsseldorf|7|teaware|3
김|서연|seoyeon.kim|1994-05-30|Frankfurt|6|tableware|2
ليلى|الحسن|layla.alhassan|1987-09-09|Köln|6|pantry|3
Анна|Кузнецова|anna.kuznetsova|1979-01-25|Hamburg|5|tea|2
Ελένη|Παπαδοπούλου|eleni.papadopoulou|1991-12-17|München|5|pantry|2
अनन्या|शर्मा|ananya.sharma|1996-10-05|Stuttgart|5|tea|2
สมหญิง|ศรีสุข|somying.srisuk|1990-04-13|Bremen|4|kitchen|2
Bartholomäus-Alexander|von Hohenstein-Wittgenstein zu Schwarzburg|bartholomaeus|1968-02-29|Weimar|7|kitchen|3
Jean-Luc|Lefèvre|jeanluc.lefevre|1975-06-18|Strasbourg|4|kitchen|2
Aoife|Ní Bhriain|aoife|1988-08-01|Galway|4|linen|2
Jürgen|Groß|juergen.gross|1962-11-11|Kassel|3|tea|1
Sigríður|Þórsdóttir|sigridur|1993-02-08|Lübeck|3|linen|2
Nguyễn|Thị Hồng|hong.nguyen|1995-01-28|Dresden|4|teaware|1
王|建国|jianguo.wang|1971-10-01|Mainz|3|tea|2
陳|怡君|yijun.chen|1986-03-08|Hannover|4|tableware|2
鈴木|健太|kenta.suzuki|1983-05-05|Düsseldorf|2|teaware|2
박|지훈|jihun.park|1998-12-24|Frankfurt|2|kitchen|1
Mehmet|Yıldız|mehmet.yildiz|1980-04-23|Berlin|3|pantry|1
Ólafur|Kjartansson|olafur|1977-09-16|Kiel|1|kitchen|2
Małgorzata|Wiśniewska|malgorzata|1984-06-24|Wrocław|3|linen|1
Dvořák|Tomáš|tomas.dvorak|1990-02-14|Praha|2|tableware|1
María José|Núñez|mariajose|1987-12-08|Valencia|3|tableware|2
João|Conceição|joao|1992-06-13|Porto|2|pantry|1
Chiara|D'Angelo|chiara|1999-04-25|Bologna|2|kitchen|1
François|Besançon|francois|1969-07-14|Lyon|1|tea|1
Дмитро|Шевченко|dmytro.shevchenko|1988-08-24|Nürnberg|2|tea|1
Νίκος|Αντωνίου|nikos.antoniou|1981-03-25|Bonn|1|pantry|1
محمد|إبراهيم|mohamed.ibrahim|1993-10-06|Essen|2|kitchen|1
רות|לוי|ruth.levi|1974-05-14|Erfurt|2|linen|2
राजेश|वर्मा|rajesh.verma|1982-08-15|Ulm|1|tea|1
ปรีชา|วงศ์ไทย|preecha.wongthai|1978-12-05|Jena|1|teaware|1
Åsa|Lindström|asa.lindstrom|1985-06-06|Malmö|2|linen|1
Bjørn|Håkonsen|bjorn|1991-05-17|Aarhus|1|kitchen|1
Chloé|Van den Broeck|chloe|1997-07-21|Gent|2|tableware|1
Oluwaseun|Adébáyọ̀|oluwaseun|1989-10-01|Köln|2|pantry|2
Siobhán|O'Shaughnessy|siobhan|1976-03-17|Dublin|1|tea|1
Ana|Ilić|ana.ilic|2001-02-28|Augsburg|1|teaware|1
Ib|Vo|ib|1999-09-09|Wien|1|tea|1
"""


def _person(row: str) -> Person:
    first, last, mail, birthday, city, habit, taste, spend = row.split("|")
    return Person(
        first, last, f"{mail}@example.com", date.fromisoformat(birthday), city, int(habit), taste, int(spend)
    )


PEOPLE = [_person(row) for row in _ROWS.strip().splitlines()]
