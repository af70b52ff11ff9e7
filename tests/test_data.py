"""The data files: each one loads, says where its figures come from, and a fault in it is told in plain words."""

import csv
import io
import pickle
import re

import pytest

from prepaid_model import personas, usage
from prepaid_model.errors import InputError
from prepaid_model.glossary import GlossaryTerm, glossary
from prepaid_model.tables import (
    DATA,
    Activity,
    DataError,
    Entry,
    Money,
    Volume,
    activities,
    read_csv,
    read_toml,
)
from prepaid_model.units import GB, MB, QAR, parse_volume


def rows(name):
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


# ------------------------------------------------------------------------------------ the files as they are


def test_activities_cover_what_a_learner_can_do():
    assert set(activities()) == {
        "web", "video_sd", "video_hd", "music", "maps", "video_call", "social", "messaging", "idle",
    }  # fmt: skip
    assert activities()["video_hd"].downlink_bytes_per_minute == 50 * MB
    assert {"general", "video", "music", "social"} <= {activity.traffic for activity in activities().values()}


def test_an_activity_takes_minutes():
    film = activities()["video_sd"]
    assert film.volume(0) == (0, 0)
    assert film.volume(60) == (60 * film.uplink_bytes_per_minute, 60 * film.downlink_bytes_per_minute)
    # An hour of film is what its publisher says, to the rounding of one minute.
    assert abs(film.volume(60)[1] - 700 * MB) <= 60
    with pytest.raises(InputError, match=r"minutes: got -1, expected a whole number of minutes"):
        film.volume(-1)


@pytest.mark.parametrize("name", ["activities.csv", "measured_hourly_traffic.csv"])
def test_every_figure_names_its_source(name):
    assert all(len(row["source"]) > 10 for row in rows(name))


def test_activity_notes_compute_to_the_figures():
    """The arithmetic that the notes describe, done again from the published figures."""
    figures = {name: (one.downlink_bytes_per_minute, one.uplink_bytes_per_minute) for name, one in activities().items()}
    page = 2311 * 1024 * 60 / 54
    expected = {
        "web": (page, page * 8 / 92),
        "video_sd": (700e6 / 60, 700e6 / 60 * 3 / 97),
        "video_hd": (3e9 / 60, 3e9 / 60 * 3 / 97),
        "music": (96e3 / 8 * 60, 96e3 / 8 * 60 * 40 / 2920),
        "maps": (6e6 / 10 * 0.92, 6e6 / 10 * 0.08),
        "video_call": (600e3 / 8 * 60, 600e3 / 8 * 60),
        "social": (360e6 / 60 * 0.92, 360e6 / 60 * 0.08),
        "messaging": (2 * 30 * 1024, 2 * 30 * 1024),
        "idle": (8.88e6 / 1440 / 2, 8.88e6 / 1440 / 2),
    }
    assert set(figures) == set(expected)
    for name, (down, up) in expected.items():
        assert figures[name] == (pytest.approx(down, abs=1), pytest.approx(up, abs=1)), name


def test_measured_shares_are_whole_days():
    assert len(personas.measured_shares()) == 11
    for series, shares in personas.measured_shares().items():
        # 24 values, each rounded to a ten-thousandth: their sum is off by 12 of those at most.
        assert len(shares) == 24, series
        assert abs(sum(shares) - 10_000) <= 12, series
        assert min(shares) > 0, series


def test_personas_are_the_five_of_the_lessons():
    people = personas.personas()
    assert list(people) == ["commuter", "student", "family_video", "grandparent", "gig_driver"]
    assert people["commuter"].daily_volume == parse_volume("85 MB")
    mean_activity = sum(person.activity_permille for person in people.values()) / len(people)
    assert mean_activity == 170


def test_glossary_is_whole():
    terms = glossary()
    assert len(terms) >= 60
    assert [term.lower() for term in terms] == sorted(term.lower() for term in terms)
    for term in terms.values():
        assert set(term.see) <= set(terms), f"{term.term} refers to a term that is not there"
        assert term.term not in term.see
        assert term.meaning.endswith("."), term.term


def test_glossary_covers_every_lesson_with_terms_of_its_own():
    introduced = {term.lesson for term in glossary().values()}
    assert {f"{lesson:02d}" for lesson in range(11)} | {"12"} <= introduced


def test_example_month_is_a_week_of_the_commuter():
    assert usage.read_csv(DATA / "example_month.csv") == usage.month("commuter", seed=7, days=7)


def test_readme_describes_every_file_and_column():
    text = (DATA / "README.md").read_text(encoding="utf-8")
    for file in (*DATA.glob("*.csv"), *DATA.glob("*.toml")):
        assert f"## `{file.name}`" in text, file.name
    for name in ("activities.csv", "example_month.csv", "glossary.csv", "measured_hourly_traffic.csv"):
        for column in rows(name)[0]:
            assert f"`{column}`" in text, f"{name}: {column}"
    for field in personas.Persona.model_fields:
        assert f"`{field}`" in text, field


# -------------------------------------------------------------------------------------------- planted faults


def planted(name, old, new):
    """The text of a data file with one fault in it."""
    text = (DATA / name).read_text(encoding="utf-8")
    assert text.count(old) >= 1, "the fault has nowhere to go"
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "entry", "field", "value", "expected"),
    [
        ("11666667", "fast", "line 3", "downlink_bytes_per_minute", "fast", "a whole number"),
        ("11666667", "-1", "line 3", "downlink_bytes_per_minute", "-1", "0 or more"),
        ("11666667", "1.5", "line 3", "downlink_bytes_per_minute", "1.5", "a whole number"),
        ("video_hd,", "video hd,", "line 4", "id", "video hd", "text of the form"),
        ("video_hd,", "video_sd,", "line 4", "id", "video_sd", "a value used once; line 3 has it"),
        ("Web pages,", ",", "line 2", "label", "", "text that is not empty"),
        (",traffic,", ",kind,", "line 2", "kind", "general", "no field of this name"),
        (",phrase,", ",verb,", "line 1", "columns", None, "a column named phrase"),
    ],
)
def test_a_fault_in_a_csv_file_is_told_with_its_line(tmp_path, old, new, entry, field, value, expected):
    file = tmp_path / "activities.csv"
    file.write_text(planted("activities.csv", old, new), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_csv(file, Activity, key="id")
    fault = caught.value
    assert (fault.file, fault.entry, fault.field) == ("activities.csv", entry, field)
    assert value is None or fault.value == value
    assert fault.expected.startswith(expected)
    assert str(fault).startswith(f"activities.csv, {entry}: {field}: got ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the table, line 1: columns: got 'nothing', expected a column named term"),
        ("term,meaning,lesson\n", "the table, line 2: rows: got 'nothing', expected at least one row"),
        ("term,meaning,lesson\na,b\n", "the table, line 2: lesson: got None, expected text"),
        ("term,meaning,lesson\na,b,01,c,d\n", "the table, line 2: cells: got ['c', 'd'], expected only 3 cells"),
        ("term,meaning,lesson\na,b,01\nc,d,13\n", "the table, line 3: lesson: got '13', expected text of the form"),
    ],
)
def test_a_table_of_the_wrong_form_is_told(text, message):
    with pytest.raises(DataError, match=re.escape(message)):
        read_csv(io.StringIO(text), GlossaryTerm)


def test_a_spreadsheet_s_byte_order_mark_is_no_fault(tmp_path):
    file = tmp_path / "terms.csv"
    file.write_text("term,meaning,lesson\nhold,Set aside.,09\n", encoding="utf-8-sig")
    assert read_csv(file, GlossaryTerm) == (GlossaryTerm(term="hold", meaning="Set aside.", lesson="09"),)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"85 MB"', "85.0", "persona 1 (commuter): daily_volume: got 85.0, expected a volume written as text"),
        ('"85 MB"', '"85 miles"', "persona 1 (commuter): daily_volume: got '85 miles', expected a volume such as"),
        ('"85 MB"', '"0 MB"', "persona 1 (commuter): daily_volume: got '0 MB', expected more than 0"),
        ("web = 350_000", "web = 350_001", "persona 1 (commuter): mix: got 1000001, expected weights that add up"),
        ("web = 350_000", "news = 350_000", "persona 1 (commuter): mix: got 'news', expected a measured series"),
        (
            "web = 350_000",
            'web = "much"',
            "persona 1 (commuter), mix: web: got 'much', expected a whole number of parts per million",
        ),
        (
            'unevenness = "medium"',
            'unevenness = "huge"',
            "unevenness: got 'huge', expected 'small', 'medium' or 'large'",
        ),
        ("uplink_permille = 80", "uplink_permille = 1080", "uplink_permille: got 1080, expected 1000 or less"),
        ("uplink_permille = 80", "uplink_permille = true", "uplink_permille: got True, expected a whole number"),
        ("uplink_permille = 80\n", "", "uplink_permille: got 'nothing', expected a value: the field is required"),
        ("uplink_permille", "uplink", "uplink_permille: got 'nothing', expected a value: the field is required"),
        (
            "reaction_hours = 2",
            "reaction_hours = 2\nshoe_size = 43",
            "shoe_size: got 43, expected no field of this name",
        ),
        ("activity_permille = 170", "activity_permille = 990", "activity_permille: got 990, expected 626 or less"),
        ('id = "student"', 'id = "commuter"', "top level: persona: got 'commuter', expected an id used once"),
        ('id = "student"', "id = student", "line 18, column 6: syntax: got"),
    ],
)
def test_a_fault_in_a_toml_file_is_told_with_its_table(tmp_path, monkeypatch, old, new, message):
    (tmp_path / "personas.toml").write_text(planted("personas.toml", old, new), encoding="utf-8")
    personas.measured_shares()
    monkeypatch.setattr(personas, "DATA", tmp_path)
    with pytest.raises(DataError) as caught:
        personas.personas.__wrapped__()
    assert str(caught.value).startswith("personas.toml, ")
    assert message in str(caught.value)


class Tier(Entry):
    price: Money
    first: Volume = 0


class Offer(Entry):
    id: str
    price: Money
    volume: Volume
    tiers: tuple[Tier, ...] = ()


class Shop(Entry):
    name: str = ""
    offer: tuple[Offer, ...]


def shop(tmp_path, text):
    file = tmp_path / "shop.toml"
    file.write_text(text, encoding="utf-8")
    return read_toml(file, Shop)


def test_money_and_volume_are_text_in_a_file(tmp_path):
    text = """
        [[offer]]
        id = "weekly"
        price = "QAR 10"
        volume = "1 GB"
        tiers = [{ price = "0.05" }, { price = "0.02", first = "100 MB" }]
    """
    assert shop(tmp_path, text).offer == (
        Offer(
            id="weekly",
            price=10 * QAR,
            volume=GB,
            tiers=(Tier(price=50_000), Tier(price=20_000, first=100 * MB)),
        ),
    )


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        ("10.0", 'got 10.0, expected riyals written as text, such as "10.00"'),
        ("true", "got True, expected riyals written as text"),
        ("10", "got 10, expected riyals written as text"),
        ('"ten"', "got 'ten', expected riyals such as 25 or 12.50"),
        ('"0.00000001"', "finer than can be charged"),
        ("[1]", "got (1,), expected riyals written as text"),
    ],
)
def test_money_that_is_not_exact_is_refused_with_the_reason(tmp_path, price, expected):
    with pytest.raises(DataError) as caught:
        shop(tmp_path, f'[[offer]]\nid = "weekly"\nvolume = "1 GB"\nprice = {price}\n')
    assert (caught.value.entry, caught.value.field) == ("offer 1 (weekly)", "price")
    assert expected in str(caught.value)


def test_a_fault_deep_in_a_file_names_every_table_on_the_way(tmp_path):
    text = '[[offer]]\nid = "a"\nprice = "1"\nvolume = "1 GB"\ntiers = [{ price = "1" }, { price = 1.5 }]\n'
    with pytest.raises(DataError) as caught:
        shop(tmp_path, text)
    assert str(caught.value).startswith("shop.toml, offer 1 (a), tiers 2: price: got 1.5, expected riyals")


def test_a_value_where_tables_belong_is_told(tmp_path):
    with pytest.raises(DataError, match=r"shop.toml, top level: offer: got 3, expected a list"):
        shop(tmp_path, "offer = 3\n")
    with pytest.raises(DataError, match=r"shop.toml, top level: offer 1: got 3, expected a table"):
        shop(tmp_path, "offer = [3]\n")


def test_an_error_travels_between_processes_whole():
    fault = DataError("a.csv", "line 2", "price", 1.5, "riyals")
    copy = pickle.loads(pickle.dumps(fault))
    assert (str(copy), vars(copy)) == (str(fault), vars(fault))
    assert isinstance(copy, InputError)


def test_what_is_read_cannot_be_changed():
    film = activities()["video_sd"]
    with pytest.raises(ValueError, match="frozen"):
        film.label = "Film"
    with pytest.raises(TypeError):
        activities()["film"] = film
