"""The source post's own arithmetic, asked as questions to the scenario `post-2024-07`.

Figures: the post "Musings on LLM Scale" (July 2024) recomputed from its own inputs; the tolerance
is the precision that the figure is stated with.
"""

import json

import pytest

SCENARIO = ("--scenario", "post-2024-07", "--format", "json", "--draws", "2", "--chains", "2")
SPARSE_BF16 = ("--set", "precision_factor=1")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            ["--budget", "100M", "--gpus", "25k"],
            {
                "training_time": (83.33, "day"),
                "training_flop": (2.16e26, "FLOP"),
                "gpt4_multiple": (10.8, "1"),
                "facility_power": (37.5, "MW"),
                "breakeven_time": (2.283, "year"),
            },
        ),
        (
            ["--budget", "1B", "--gpus", "100k"],
            {
                "training_time": (208.3, "day"),
                "facility_power": (150, "MW"),
                "cluster_price": (4.0e9, "USD"),
                "training_flop": (2.16e27, "FLOP"),
            },
        ),
        (
            ["--budget", "10B", "--training-time", "200day"],
            {
                "gpus": (1.042e6, "gpu"),
                "facility_power": (1562, "MW"),
                "training_flop": (2.16e28, "FLOP"),
                "gpt4_multiple": (1080, "1"),
                "cluster_price": (4.167e10, "USD"),
            },
        ),
        (["--budget", "1B"], {"gpus_purchasable": (2.5e4, "gpu")}),
        (
            ["--gpus", "25k", "--training-time", "80day"],
            {
                "budget": (96e6, "USD"),
                "training_flop": (2.074e26, "FLOP"),
                "gpt4_multiple": (10.37, "1"),
            },
        ),
        (["--gpus", "100k", "--training-time", "200day"], {"budget": (0.96e9, "USD")}),
        (
            ["--gpus", "25k", "--training-time", "80day", *SPARSE_BF16],
            {"training_flop": (1.037e26, "FLOP"), "gpt4_multiple": (5.184, "1")},
        ),
        (["--budget", "100M", *SPARSE_BF16], {"training_flop": (1.08e26, "FLOP")}),
        (["--budget", "10B", *SPARSE_BF16], {"training_flop": (1.08e28, "FLOP")}),
        (["--training-flop", "2e28"], {"budget": (9.26e9, "USD")}),
        (["--given", "training_flop=2e26"], {"gpt4_multiple": (10, "1")}),
        (["--training-flop", "9e25"], {"gpt4_multiple": (4.5, "1")}),
        (["--gpus", "25k", "--set", "gpu_power=1.6"], {"facility_power": (40, "MW")}),
        (
            [
                "--budget",
                "1B",
                "--gpus",
                "25k",
                "--training-time",
                "80day",
                "--free",
                "hourly_rate",
            ],
            {"hourly_rate": (20.83, "USD/gpu/hour")},
        ),
        (
            ["--gpus", "25k", "--given", "facility_power=40 MW", "--free", "gpu_power"],
            {"gpu_power": (1.6, "kW/gpu")},
        ),
        (["--gpus", "100k", "--set", "gpu_power=1.6"], {"facility_power": (160, "MW")}),
        (
            ["--budget", "10B", "--training-time", "200day", "--set", "gpu_power=1.6"],
            {"facility_power": (1667, "MW")},
        ),
        (["--budget", "1B", "--gpus", "25k"], {"breakeven_time": (2.2816, "year")}),
        (
            ["--given", "facility_power=150 MW", "--training-time", "200day"],
            {"gpus": (1e5, "gpu"), "budget": (0.96e9, "USD")},
        ),
    ],
)
def test_the_posts_figures(cli, question, expected):
    code, out, err = cli("report", *question, *SCENARIO)
    assert code == 0, err
    outputs = json.loads(out)["outputs"]
    for name, (value, units) in expected.items():
        assert outputs[name]["units"] == units
        assert outputs[name]["median"] == pytest.approx(value, rel=1e-3)
        assert outputs[name]["mean"] == outputs[name]["median"]
        assert outputs[name]["median_mcse"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "output", "value"),
    [
        # parameters / 3 for compute x 3
        (["compute_multiple=3", "shrink_factor=3"], "data_multiple", 9),
        (["compute_multiple=3", "shrink_factor=3"], "overtraining_factor", 27),
        (["compute_multiple=3", "shrink_factor=3"], "optimal_equivalent_multiple", 1.191),
        (["shrink_factor=3"], "equal_loss_data_multiple", 6.283),
        (["shrink_factor=3"], "equal_loss_compute_multiple", 2.094),
        # Llama 3
        (["training_tokens=15T", "model_params=70B"], "overtraining_factor", 10.71),
        (["training_tokens=15T", "model_params=8B"], "overtraining_factor", 93.75),
        (
            ["training_tokens=15T", "model_params=70B", "optimal_tokens_per_param=40"],
            "overtraining_factor",
            5.357,
        ),
        (["training_tokens=15T", "model_params=70.6B"], "overtraining_factor", 10.62),
        (["training_tokens=15T", "model_params=8.03B"], "overtraining_factor", 93.4),
        (
            ["training_tokens=15T", "model_params=8B", "optimal_tokens_per_param=40"],
            "overtraining_factor",
            46.88,
        ),
        (["shrink_factor=3"], "inference_saving", 3),
        (["old_output_price=75", "new_output_price=15"], "output_price_ratio", 5),
        (["old_output_price=60", "new_output_price=15"], "output_price_ratio", 4),
        (["old_output_price=94.868", "new_output_price=17.3205"], "output_price_ratio", 5.477),
        (["old_output_price=75", "new_output_price=20"], "output_price_ratio", 3.75),
        (["old_output_price=120", "new_output_price=15"], "output_price_ratio", 8),
        (["facility_power=1500"], "sites_needed", 0.3),
        (["facility_power=1500"], "hyperscaler_share", 0.5),
    ],
)
def test_the_posts_other_claims(cli, given, output, value):
    options = [option for text in given for option in ("--given", text)]
    code, out, err = cli("report", *options, "--outputs", output, *SCENARIO)
    assert code == 0, err
    assert json.loads(out)["outputs"][output]["median"] == pytest.approx(value, rel=1e-3)


def test_over_determined_question_is_refused_naming_both_ways(cli):
    code, out, err = cli(
        "report", "--budget", "1B", "--gpus", "25k", "--training-time", "80day", *SCENARIO
    )
    assert (code, out) == (2, "")
    for words in (
        "budget",
        "gpus",
        "training_time",
        "follows in two ways",
        "free an input to solve for it (hourly_rate",
    ):
        assert words in err
