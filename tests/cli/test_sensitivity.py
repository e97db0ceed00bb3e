"""`sensitivity`: rankings, shares and formats, and bad input."""

import json

import pytest

SMALL = ("--draws", "1024", "--chains", "8")
BUDGET = ("--budget", "100M")


def analysed(cli, *arguments):
    code, out, err = cli("sensitivity", *arguments, "--format", "json", *SMALL)
    assert code == 0, err
    return json.loads(out)["outputs"]


def test_a_budgets_flop_rank_as_their_shares_of_log_variance_say(cli):
    flop = analysed(cli, *BUDGET, "--of", "training_flop", "--on", "log")["training_flop"]
    assert flop["ranking"] == ["mfu", "hourly_rate", "precision_factor"]
    shares = flop["log_variance_share"]
    assert sorted(shares, key=shares.get, reverse=True) == flop["ranking"]
    assert sum(shares.values()) == pytest.approx(1, abs=1e-6)
    # The logarithm is a sum of independent inputs: every method gives the same shares.
    for name, share in shares.items():
        index = flop["sobol"][name]
        assert index["first"] == pytest.approx(share, abs=0.01)
        assert index["total"] == pytest.approx(share, abs=0.01)
        assert flop["shapley"][name]["shapley"] == pytest.approx(share, abs=0.01)
    assert flop["rank_share"] == dict.fromkeys(flop["ranking"], 1.0)


def test_swings_move_the_median_as_the_input_does(cli):
    flop = analysed(cli, *BUDGET, "--of", "training_flop")["training_flop"]
    assert flop["swing"]["mfu"]["low"]["median"] < flop["swing"]["mfu"]["high"]["median"]
    rate = flop["swing"]["hourly_rate"]
    assert rate["low"]["median"] / rate["high"]["median"] == pytest.approx(3.2 / 1.4, rel=0.01)
    assert flop["rank_correlation"]["hourly_rate"]["rank_correlation"] < -0.4


@pytest.mark.slow
def test_every_output_is_analysed_and_shares_add_up(cli):
    outputs = analysed(cli, *BUDGET)
    assert len(outputs) > 8
    for name, output in outputs.items():
        total = sum(share["shapley"] for share in output["shapley"].values())
        assert total == pytest.approx(1, abs=0.02), name


def test_groups_are_taken_as_one(cli):
    options = ("--of", "cost_per_flop", "--group", "speed=mfu,precision_factor")
    cost = analysed(cli, *BUDGET, *options)["cost_per_flop"]
    assert {"speed", "hourly_rate"} <= set(cost["sobol"])
    assert "mfu" not in cost["sobol"]


def test_terminal_and_markdown_views(cli, tmp_path):
    arguments = (*BUDGET, "--of", "training_flop,facility_power")
    _, out, _ = cli("sensitivity", *arguments, "--output", tmp_path, *SMALL)
    assert max(map(len, out.splitlines())) <= 80
    assert "█" in out
    assert "8 of 8" in out
    markdown = (tmp_path / "sensitivity.md").read_text(encoding="utf-8")
    assert markdown == cli("sensitivity", *arguments, "--format", "md", *SMALL)[1]
    assert "Sobol' total" in markdown
    assert (tmp_path / "sensitivity.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([*BUDGET, "--of", "training_flops"], "training_flop"),
        ([*BUDGET, "--group", "a=mfu,hourly_rate", "--group", "b=mfu"], "mfu"),
        ([*BUDGET, "--group", "price"], "not of the form name="),
        (["--outputs", "gpu_hours"], "give one of"),
    ],
)
def test_bad_questions_are_told_in_one_line(cli, arguments, words):
    code, out, err = cli("sensitivity", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1


@pytest.mark.slow
def test_a_threshold_says_how_often_knowing_an_input_would_change_the_answer(cli):
    arguments = (*BUDGET, "--of", "training_flop", "--event", "training_flop >= 4e25")
    _, out, _ = cli("sensitivity", *arguments, "--format", "json", *SMALL)
    (event,) = json.loads(out)["events"]
    assert event["answer"] == ("yes" if event["probability"] >= 0.5 else "no")
    changes = {name: one["changes"] for name, one in event["inputs"].items()}
    # Half of what utilisation may be lies on either side of where the answer turns.
    assert 0.3 < changes["mfu"] < 0.6
    assert changes["mfu"] > changes["precision_factor"] > 0
    _, out, _ = cli("sensitivity", *arguments, *SMALL)
    assert "how often knowing an input would change it: MFU" in " ".join(out.split())


def test_constants_drive_nothing_and_the_reason_is_said(cli):
    believed = ("--set", "hourly_rate=1.5 to 3")
    question = (*BUDGET, "--scenario", "post-2024-07", *believed, "--of", "gpu_hours,gpu_power")
    outputs = analysed(cli, *question)
    assert not outputs["gpu_hours"]["reason"]
    reason = outputs["gpu_power"]["reason"]
    assert reason
    _, out, _ = cli("sensitivity", *question, *SMALL)
    assert reason in " ".join(out.split())


def test_what_no_input_moves_is_refused(cli):
    code, out, err = cli(
        "sensitivity", *BUDGET, "--scenario", "post-2024-07", "--of", "training_flop", *SMALL
    )
    assert (code, out) == (2, "")
    assert "no input moves training_flop" in err


@pytest.mark.parametrize("name", ["mfu", "cluster_flops"])
def test_any_variable_may_be_looked_at(cli, name):
    (found,) = analysed(cli, *BUDGET, "--of", name).values()
    assert found["units"] == {"mfu": "1", "cluster_flops": "FLOP/s"}[name]
    assert "mfu" in found["ranking"]


@pytest.mark.slow
def test_pairs_are_shown_on_request(cli):
    arguments = (*BUDGET, "--of", "training_flop", "--second-order")
    pairs = analysed(cli, *arguments)["training_flop"]["second"]
    flat = {(a, b): one for a, others in pairs.items() for b, one in others.items()}
    assert len(flat) == 3
    assert all(one["second_low"] <= one["second"] <= one["second_high"] for one in flat.values())
    _, out, _ = cli("sensitivity", *arguments, *SMALL)
    assert "second order: MFU with rental rate" in " ".join(out.split())
    assert "| inputs | with |" in cli("sensitivity", *arguments, "--format", "md", *SMALL)[1]


def test_one_chain_has_no_intervals_and_says_so(cli):
    options = ("--chains", "1", "--draws", "256")
    code, out, _ = cli("sensitivity", *BUDGET, "--of", "training_flop", *EVENT, *LOSS, *options)
    assert code == 0
    assert "needs at least two chains" in out


LOSS = ("--loss", "false yes=20M USD, false no=5M USD")
EVENT = ("--event", "training_flop >= 4e25")


def test_a_loss_says_what_knowing_an_input_is_worth(cli, tmp_path):
    group = ("--group", "speed=mfu,precision_factor")
    arguments = (*BUDGET, "--of", "training_flop", *EVENT, *LOSS, *group)
    _, out, _ = cli("sensitivity", *arguments, "--output", tmp_path, *SMALL)
    assert max(map(len, out.splitlines())) <= 80
    words = " ".join(out.split())
    assert "a false yes costs 20M USD, a false no 5M USD" in words
    assert "(EVPI)" in words
    (event,) = json.loads((tmp_path / "sensitivity.json").read_text(encoding="utf-8"))["events"]
    loss, inputs = event["loss"], event["inputs"]
    assert loss["units"] == "USD"
    assert loss["false_yes"] == {"amount": 2e7, "per": None, "per_units": None}
    assert loss["evpi"] == pytest.approx(5e6 * event["probability"], rel=1e-9)
    assert event["answer"] == "no"
    assert inputs["speed"]["members"] == ["precision_factor", "mfu"]
    assert loss["evpi"] > inputs["speed"]["evppi"] > inputs["mfu"]["evppi"] > 0
    markdown = (tmp_path / "sensitivity.md").read_text(encoding="utf-8")
    assert "| if known | name | answer changes | worth | 95% interval |" in markdown


@pytest.mark.parametrize(
    ("equation", "words"),
    [
        ("a * b", "the answer is yes: expected to lose 1.00 USD, where no would lose 5.18 USD"),
        (
            "a * b + np.sin(a) / 10 + np.cos(a * b) / 10",
            "the answer is not settled: yes is expected to lose 1.00 USD, no below 3.66k USD",
        ),
    ],
)
def test_a_rare_event_is_decided_by_its_probability_or_not_at_all(cli, tmp_path, equation, words):
    equations, priors = tmp_path / "m.py", tmp_path / "p.toml"
    law = f'def y(a, b):\n    """Y."""\n    return {equation}\n'
    equations.write_text(f'"""One."""\n\nimport numpy as np\n\n\n{law}', encoding="utf-8")
    unit = '{ kind = "lognormal", mu = 0, sigma = 1 }'
    priors.write_text(
        f"schema_version = 1\ninputs.a = {unit}\ninputs.b = {unit}\n", encoding="utf-8"
    )
    arguments = ("--equations", equations, "--priors", priors, "--of", "y", "--event", "y >= 1e3")
    code, out, _ = cli(
        "sensitivity",
        *arguments,
        "--loss",
        "false yes=1 USD, false no=10M USD",
        "--draws",
        "512",
    )
    assert code == 0
    assert words in " ".join(out.split())
    assert "(EVPPI) is not settled: the event is in 0 of the 8,192 draws" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (LOSS, "no --event"),
        ((*LOSS, *EVENT, "--event", "gpus > 1"), "2 events"),
        ((*LOSS, "--event", "gpus > gpus_purchasable"), "compares two variables"),
        (("--loss", "false yes=20M USD", *EVENT), "false no"),
        (("--loss", "false yes=2 wombats, false no=1 wombats", *EVENT), "not a unit"),
        (("--loss", "false yes=2 USD per day, false no=1 USD", *EVENT), "incompatible"),
    ],
)
def test_bad_losses_are_told_in_one_line(cli, arguments, words):
    code, out, err = cli("sensitivity", *BUDGET, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1
