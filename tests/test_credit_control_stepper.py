"""The stepper: each control does what it says, each scenario makes its point, and nothing is shown too early."""

from itertools import pairwise

import pytest

from prepaid_model.credit_control import FinalUnitAction
from prepaid_model.errors import InputError
from prepaid_model.figures.sequence import BAR_BOTTOM, BAR_TOP, ROWS, Told
from prepaid_model.messages import Stock
from prepaid_model.units import MB, QAR
from prepaid_model.widgets.backstage_questions import before_the_first_byte
from prepaid_model.widgets.credit_control_stepper import CreditControlStepper, fields_html


@pytest.fixture
def stepper():
    """The stepper at its first message."""
    opened = CreditControlStepper()
    opened.go_to(1)
    return opened


@pytest.fixture(scope="module")
def told():
    """Each scenario's conversation, by its name."""
    stepper = CreditControlStepper()
    conversations = {}
    for name in stepper.scenarios:
        stepper.choose(name)
        conversations[name] = stepper.result.conversation
    return conversations


def words_in(stepper: CreditControlStepper) -> list[str]:
    """Return what is written in the rows of the diagram."""
    labels = [label for row in stepper.picture.rows for label in (row.plain, row.bold)]
    return [label.get_text() for label in labels if label.get_text()]


# ------------------------------------------------------------------------------- what the scenarios are there for


def test_a_page_that_fits_in_one_slice_takes_two_requests_and_slices_take_more(told):
    assert told["A page loads"].requests == 2 < told["Slice by slice"].requests


def test_a_bundle_pays_with_bytes_where_credit_pays_with_money(told):
    assert sum(told["From a bundle"].steps[0].stock) == 20 * MB
    assert sum(told["A page loads"].steps[0].stock) == QAR


def test_after_the_last_units_nothing_flows_but_after_a_top_up_it_does(told):
    ended, redirected = told["The last units"], told["Redirected to top up"]
    assert ended.carried("phone") == 4 * MB < redirected.carried("phone")
    assert ended.steps[-1].stock.free == 0 < redirected.steps[-1].stock.free


def test_two_devices_share_exactly_what_the_credit_pays_for(told):
    both = told["Two devices, one account"]
    assert both.carried("phone") > both.carried("tablet") > 0
    assert both.carried("phone") + both.carried("tablet") == 6 * MB


# ----------------------------------------------------------------------------------------------- the controls


def test_next_and_back_go_through_the_messages_and_stop_at_the_ends(stepper):
    assert (stepper.back_button.disabled, stepper.next_button.disabled) == (True, False)
    stepper.next_button.click()
    assert stepper.sentence.startswith("Message 2 of 16, gateway to session function, CCR INITIAL. ")
    stepper.back_button.click()
    stepper.back_button.click()
    assert stepper.result.position == 1
    stepper.go_to(16)
    assert stepper.next_button.disabled
    stepper.next_button.click()
    assert stepper.result.position == 16


def test_a_shorter_conversation_ends_where_it_ends(stepper):
    stepper.controls["quota"].value = 1
    stepper.go_to(40)
    stepper.controls["quota"].value = 10
    assert stepper.result.position == stepper.controls["position"].value == stepper.controls["position"].max == 16
    stepper.controls["quota"].value = 1
    assert stepper.result.position == 16


def test_less_credit_means_last_units_and_the_choice_says_what_follows(stepper):
    stepper.controls["credit"].value = "0.15"
    stepper.find("CCA INITIAL", having="the last 3 MB")
    assert "the session is to end" in stepper.sentence
    stepper.controls["final"].value = FinalUnitAction.REDIRECT
    assert "led to a page for topping up" in stepper.sentence
    stepper.controls["final"].value = FinalUnitAction.RESTRICT_ACCESS
    assert "only what is always free" in stepper.sentence


def test_credit_is_not_asked_for_where_a_bundle_pays(stepper):
    stepper.choose("From a bundle")
    assert stepper.controls["credit"].layout.display == "none"
    stepper.choose("A page loads")
    assert stepper.controls["credit"].layout.display is None


@pytest.mark.parametrize("typed", ["much", "-1", "101", "0.0000001"])
def test_credit_that_cannot_be_is_said_and_changes_nothing(stepper, typed):
    before = stepper.sentence, stepper.result
    with pytest.raises(InputError, match="credit"):
        stepper.controls["credit"].value = typed
    assert "Nothing has been changed" in stepper.status.value
    assert (stepper.sentence, stepper.result) == before


def test_reset_goes_back_to_the_first_message_of_the_scenario(stepper):
    stepper.choose("Two devices, one account")
    stepper.controls["quota"].value = 2
    stepper.go_to(20)
    stepper.reset_button.click()
    assert stepper.settings["quota"] == 4
    assert stepper.result.position == 1
    assert stepper.scenario.value == "Two devices, one account"


def test_a_message_that_is_not_said_cannot_be_found(stepper):
    with pytest.raises(InputError, match="message"):
        stepper.find("RAR")
    assert "(tablet)" not in stepper.sentence
    stepper.choose("Two devices, one account")
    assert "(tablet)" in stepper.find("CCR INITIAL", device="tablet")


# ------------------------------------------------------------------------------------------------ the picture


def test_what_is_still_to_be_said_is_not_drawn(stepper):
    for position in range(1, 17):
        stepper.go_to(position)
        steps = stepper.result.conversation.steps[:position][-ROWS:]
        assert words_in(stepper) == [step.label for step in steps]


def test_the_latest_message_stands_out_by_weight_ground_and_number(stepper):
    stepper.go_to(12)
    *past, latest = stepper.picture.rows
    assert latest.bold.get_text() == stepper.result.step.label
    assert latest.line.get_linewidth() > 2 * past[0].line.get_linewidth()
    assert latest.number.get_fontweight() == "bold"
    assert stepper.picture.ground.get_y() == latest.middle - 14
    assert [row.number.get_text() for row in stepper.picture.rows] == [str(n) for n in range(5, 13)]


def test_the_bar_is_as_long_as_the_account_and_what_is_there_can_be_seen(stepper):
    def heights(stock: Stock) -> list[float]:
        stepper.picture.account.show(stock, by_bundle=False)
        return [part.get_height() for part in stepper.picture.account.parts]

    assert heights(Stock(0, 250_000, 750_000)) == [0, 57.5, 172.5]
    assert min(heights(Stock(1, 1, 10**9))) > 4
    assert sum(heights(Stock(1, 1, 10**9))) == pytest.approx(BAR_BOTTOM - BAR_TOP)
    assert heights(Stock(0, 0, 0)) == [0, 0, 0]
    assert stepper.picture.account.parts[1].get_hatch()


def test_words_beside_the_bar_never_run_into_each_other(stepper):
    for stock in (Stock(0, 0, 1), Stock(1, 0, 0), Stock(0, 1, 0), Stock(1, 1, 10**6), Stock(10**6, 1, 1)):
        stepper.picture.account.show(stock, by_bundle=False)
        names = [name.get_position()[1] for name, _, _ in stepper.picture.account.words]
        assert all(low - high >= 33 for low, high in pairwise(names))


def test_a_move_draws_no_new_background(stepper):
    for position in range(1, 17):
        stepper.go_to(position)
    stepper.choose("Redirected to top up")
    assert stepper.picture.backgrounds == 1


def test_the_fields_stand_in_a_table_and_are_escaped(stepper):
    stepper.find("CCA INITIAL")
    shown = fields_html(stepper.result)
    assert "<code>Granted-Service-Unit, CC-Total-Octets</code></td><td>5000000 (5 MB)" in shown
    assert "What is in message 8: CCA INITIAL" in shown
    step = stepper.result.step
    cheeky = step._replace(fields=(step.fields[0]._replace(value="<b>1</b>"),))
    conversation = stepper.result.conversation
    told = Told(type(conversation)(conversation.story, (cheeky,), conversation.account, conversation.gateways), 1)
    assert "<b>1</b>" not in fields_html(told)


def test_the_prediction_is_what_the_stepper_shows(stepper):
    prediction = before_the_first_byte(guess=3)
    stepper.find("traffic", having="flow")
    assert f"the model says {stepper.result.position - 1}" in prediction.reveal()


def test_without_a_kernel_only_the_first_request_is_shown(stepper):
    before = stepper.static()
    stepper.go_to(12)
    assert stepper.static() == before
    assert "Message 2 of 16" in before["text/plain"]


def test_a_moment_can_be_kept_for_a_page_that_cannot_run(stepper):
    opening = stepper.static()
    stepper.choose("Redirected to top up")
    stepper.find("RAR")
    assert stepper.still() is stepper
    kept = stepper.static()
    assert kept["image/png"] == stepper.picture.png() != opening["image/png"]
    assert kept["text/plain"].startswith(
        "A session behind the scenes: Message 33 of 61, session function to gateway, RAR."
    )
    stepper.next_button.click()
    assert stepper.static() == kept
