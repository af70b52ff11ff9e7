import base64
import contextlib
import gc
import io
import pkgutil
import threading
from importlib import import_module
from typing import Any

import ipywidgets as widgets
import matplotlib.figure
import pytest
from PIL import Image

from prepaid_model import widgets as package
from prepaid_model.errors import InputError, Refused
from prepaid_model.widgets import panel
from prepaid_model.widgets.controls import DayCursor, amount, button, choice, slider, switch
from tests.demo import Demo


@pytest.fixture
def demo() -> Demo:
    return Demo()


def picture(shown: Demo) -> str:
    return shown._shown["picture"].value


def set_from_code(control: Any, value: Any) -> None:
    control.value = value


def move_in_browser(control: Any, value: Any) -> None:
    """Move as a message from the page does; ipywidgets then reports an error itself."""
    control._handle_msg({"content": {"data": {"method": "update", "state": {"value": value}}}, "buffers": []})


def test_it_opens_with_the_first_scenario(demo):
    assert demo.scenario.value == "Careful"
    assert demo.settings == {"every": 5, "daily": 150, "steady": True, "price": "25", "day": 0, "actions": ()}
    assert demo.sentence == "6 bundles, 0 gaps without data, 0 gifts."
    assert demo.status.value == ""


@pytest.mark.parametrize("move", [set_from_code, move_in_browser])
def test_a_move_changes_result_picture_and_sentence_at_once(demo, move):
    before = picture(demo)
    move(demo.controls["daily"], 500)
    assert demo.sentence == "6 bundles, 6 gaps without data, 0 gifts."
    assert len(demo.result.without) == 6
    assert picture(demo) != before
    assert f'alt="{demo.sentence}"' in picture(demo)
    assert demo.sentence in demo._shown["sentence"].value
    assert 'aria-live="polite"' in demo._shown["sentence"].value


def test_a_scenario_sets_many_controls_and_draws_once(demo, monkeypatch):
    drawn = []
    monkeypatch.setattr(demo.picture, "update", drawn.append)
    demo.choose("Hungry")
    assert len(drawn) == 1
    assert demo.settings == {"every": 6, "daily": 400, "steady": False, "price": "25", "day": 0, "actions": ()}


def test_a_scenario_says_all_there_is_so_nothing_of_the_one_before_stays(demo):
    demo.choose("With gifts")
    assert demo.result.gifts == 2
    demo.controls["day"].value = 3
    demo.choose("Careful")
    assert demo.settings == Demo().settings


def test_reset_goes_back_to_the_start_of_the_scenario_on_show(demo):
    demo.choose("Hungry")
    start, shown = demo.settings, picture(demo)
    demo.controls["daily"].value = 60
    demo.gift.click()
    demo.reset_button.click()
    assert demo.settings == start
    assert picture(demo) == shown
    demo.gift.click()
    demo.choose("Hungry")
    assert demo.settings == start


def test_an_unknown_scenario_is_refused_in_plain_words(demo):
    with pytest.raises(InputError, match="one of Careful, Hungry, With gifts"):
        demo.choose("Lucky")
    assert "Lucky" in demo.status.value


def test_a_scenario_with_an_unknown_setting_is_found_when_it_is_made():
    class Wrong(Demo):
        scenarios = {"Start": {"dayly": 3}}

    with pytest.raises(InputError, match="dayly"):
        Wrong()


def test_actions_are_replayed_and_back_takes_the_last_one_away(demo):
    demo.gift.click()
    demo.gift.click()
    assert demo.result.gifts == 2
    demo.back.click()
    assert demo.state == {"actions": ("gift",)}
    assert demo.sentence.endswith("1 gifts.")
    demo.act(actions=("gift",) * 5)
    assert demo.result.gifts == 5


@pytest.mark.parametrize("move", [set_from_code, move_in_browser])
def test_bad_input_is_said_and_raised_and_changes_nothing(demo, move):
    demo.gift.click()
    result, sentence, shown = demo.result, demo.sentence, picture(demo)
    with pytest.raises(InputError, match="top-up") if move is set_from_code else contextlib.nullcontext():
        move(demo.controls["price"], "<b>much")
    assert "top-up: got &#x27;&lt;b&gt;much&#x27;, expected riyals" in demo.status.value
    assert 'role="alert"' in demo.status.value
    assert (demo.result, demo.sentence, picture(demo)) == (result, sentence, shown)
    move(demo.controls["price"], "50")
    assert demo.status.value == ""
    assert max(demo.result.credit) == 50


def test_an_action_that_fails_leaves_no_trace_in_the_state(demo):
    def refuse() -> Any:
        raise Refused("send a gift", "nobody is at home")

    refused = button("Refused")
    demo.on_action(refused, refuse)
    demo.gift.click()
    refused.click()
    assert "send a gift: refused, nobody is at home. Nothing has been changed." in demo.status.value
    demo.crash.click()
    assert "Something went wrong here (RuntimeError: the &lt;b&gt;lights&lt;/b&gt; went out)." in demo.status.value
    assert demo.state == {"actions": ("gift",)}
    demo.gift.click()
    assert demo.state == {"actions": ("gift", "gift")}
    assert demo.status.value == ""


def test_an_act_whose_result_cannot_be_worked_out_leaves_the_state(demo):
    with pytest.raises(TypeError):
        demo.act(actions=3)
    assert demo.state == {"actions": ()}


def test_a_click_and_a_move_handled_in_two_threads_come_one_after_the_other(demo, monkeypatch):
    move = threading.Thread(target=set_from_code, args=(demo.controls["daily"], 500))
    overtook = []
    run = demo.run

    def slow_run(**settings: Any) -> Any:
        if not move.ident:
            move.start()
            move.join(timeout=0.2)
            overtook.append(not move.is_alive())
        return run(**settings)

    monkeypatch.setattr(demo, "run", slow_run)
    demo.gift.click()
    move.join()
    assert overtook == [False]
    assert demo.sentence == "6 bundles, 6 gaps without data, 1 gifts."


def test_five_hundred_moves_make_no_new_figure_and_no_new_widget(demo):
    def alive(kind: type) -> int:
        gc.collect()
        return sum(isinstance(each, kind) for each in gc.get_objects())

    demo.choose("Hungry")
    before = alive(matplotlib.figure.Figure), alive(widgets.Widget)
    for move in range(500):
        demo.controls["daily"].value = 50 + 10 * (move % 45)
    assert (alive(matplotlib.figure.Figure), alive(widgets.Widget)) == before
    assert demo.picture.backgrounds == 1


def test_a_page_that_cannot_run_shows_the_opening_state(demo):
    opening = Demo()._repr_mimebundle_()
    demo.controls["daily"].value = 500
    bundle, metadata = demo._repr_mimebundle_()
    assert bundle["text/plain"] == "A month of bundles: 6 bundles, 0 gaps without data, 0 gifts."
    assert bundle["image/png"] == opening[0]["image/png"]
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).size == (1520, 1040)
    assert metadata == {"image/png": {"width": 760, "height": 520}}
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_panels_follow_and_stand_where_they_belong(demo):
    stage = next(child for child in demo.children if "pm-stage" in child._dom_classes)
    assert stage.children[0] is demo._shown["phone"]
    assert demo._shown["books"] in demo.children
    demo.controls["every"].value = 10
    assert demo._shown["books"].value == "<p>3 entries</p>"


def test_the_sentence_is_text_and_never_markup():
    class Cheeky(Demo):
        def describe(self, result: Any) -> str:
            return '<img src="x"> & "more"'

    cheeky = Cheeky()
    assert "<img" not in cheeky._shown["sentence"].value
    assert picture(cheeky).count("<img") == 1


def test_every_control_is_labelled_in_full():
    made = [
        slider("Top-up, QAR", 25, 5, 100),
        choice("Persona", ["student", "commuter"], "commuter"),
        amount("Top-up, QAR", "25"),
        switch("pay-as-you-go allowed"),
        button("Next day"),
    ]
    for control in made:
        assert control.description
        width = getattr(control.style, "description_width", "initial")
        assert width in ("initial", ""), "a fixed width cuts the label off"
    assert made[1].value == "commuter"


def test_a_day_cursor_puts_each_day_over_its_stretch_of_the_axis():
    cursor = DayCursor(10, 0.1, 0.9)
    start = float(cursor.layout.margin.split()[-1].rstrip("%"))
    width = float(cursor.layout.width.rstrip("%"))
    middle_of_day_3 = start + width * 3 / 10
    assert middle_of_day_3 == pytest.approx(100 * (0.1 + 0.8 * 2.5 / 10))
    assert (cursor.day.min, cursor.day.max) == (0, 10)


def panels_of_ours():
    """Every kind of panel in every module of the widgets."""
    modules = [import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)]
    kinds = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    return sorted((each for each in kinds if issubclass(each, panel.Panel)), key=lambda each: each.__name__)


@pytest.mark.parametrize("kind", [*panels_of_ours(), Demo], ids=lambda kind: kind.__name__)
def test_no_name_of_ours_hides_one_of_ipywidgets(kind):
    ours = {name for each in kind.__mro__ if issubclass(each, panel.Panel) for name in vars(each)}
    theirs = set(dir(widgets.VBox))
    class_machinery = {name for name in theirs if name in vars(widgets.VBox)} | {"_repr_mimebundle_"}
    assert {name for name in ours & theirs - class_machinery if not name.startswith("__")} == set()
