"""What networks that were trained on the scale-detection task do layer by layer (section 3, Figs. 3, 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from claims.tomasini2022.methods.mean_channels import ALL, MEAN, MeanChannels
from claims.tomasini2022.methods.sensitivity_arms import (
    READINGS,
    SEEDS,
    TASK_REACH,
    on_cifar,
    vgg_on_the_task,
)
from claims.tomasini2022.methods.sensitivity_readings import (
    LAYERS,
    STATISTICS,
    Depth,
    draw,
    layers_of_each,
    of_each,
    records_of,
    rise,
    spectra,
    untrained_state,
)
from claims.tomasini2022.methods.sensitivity_runs import (
    AS_IT_IS,
    SHUFFLED,
    TRAINED,
    UNTRAINED,
    LayerSensitivities,
)
from claims.tomasini2022.methods.without_relu import HOMOGENEOUS, ROUGH, depth_of
from harness.claims.about import About
from harness.claims.claim import claim
from harness.rules import Several, equivalent_to, greater_than, in_all, less_than
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab

D_FALLS, G_RISES = "D falls", "G rises"
D_FALLS_MORE, G_RISES_MORE = "D falls more than before training", "G rises more than before training"


@claim(
    "SP-27",
    where="Section 3, Fig. 6",
    tier="laptop",
    readings={"recipe": READINGS, "layers": LAYERS, "statistics": STATISTICS},
    about=About.DIRECTION,
    runs=vgg_on_the_task,
    seeds=SEEDS,
    reach=TASK_REACH,
    rule={
        D_FALLS: in_all(less_than(0.0)),
        G_RISES: in_all(greater_than(0.0)),
        D_FALLS_MORE: in_all(less_than(0.0)),
        G_RISES_MORE: in_all(greater_than(0.0)),
    },
    control="networks without ReLU, of rough filters for D, of homogeneous ones, in which noise averages out, for G; "
    "before training, the other kind",
)
def test_through_the_layers_of_trained_networks_d_falls_and_g_rises(
    lab: Lab, recipe: str, layers: str, statistics: str
) -> None:
    """The internal representations of trained networks become insensitive to deformations and sensitive to noise.

    From the first layer to the output, in each kind of network: log D and log G.  G may rise through an untrained
    network too, so that each must change more than before training.
    """
    trained, untrained = {}, {}
    for name in lab.runs:
        records = records_of(lab, name)
        trained[name] = Depth(records, TRAINED, layers=layers)
        untrained[name] = Depth(records, untrained_state(records, statistics), layers=layers)

    def changes(what: Callable[[Depth], np.ndarray], of: Mapping[str, Depth]) -> dict[str, np.ndarray]:
        return {name: rise(what(depth)) for name, depth in of.items()}

    d_after, d_before = (changes(lambda depth: depth.deformation, of) for of in (trained, untrained))
    g_after, g_before = (changes(lambda depth: depth.noise, of) for of in (trained, untrained))
    d_more, g_more = less(d_after, d_before), less(g_after, g_before)
    smooth, rough = (depth_of(kind) for kind in (HOMOGENEOUS, ROUGH))
    d_rises = {ROUGH: rise(rough.deformation)}
    g_falls = {HOMOGENEOUS: rise(smooth.noise)}
    lab.measure(
        **{
            D_FALLS: of_each(d_after),
            G_RISES: of_each(g_after),
            D_FALLS_MORE: of_each(d_more),
            G_RISES_MORE: of_each(g_more),
        }
    )
    lab.control(
        **{
            D_FALLS: of_each(d_rises),
            G_RISES: of_each(g_falls),
            D_FALLS_MORE: of_each(less(d_rises, {ROUGH: rise(smooth.deformation)})),
            G_RISES_MORE: of_each(less(g_falls, {HOMOGENEOUS: rise(rough.noise)})),
        }
    )
    draw(lab, layers)


def less(some: Mapping[str, np.ndarray], others: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Differences, network by network."""
    return {name: some[name] - others[name] for name in some}


ON_CIFAR = "on CIFAR-10"
UNALTERED = 0.14
"""Of log R: R may be 15 % more or less and the curve counts as unaltered, which the paper puts into words alone."""


def with_one_on_cifar(tier: str, recipe: str) -> dict[str, LayerSensitivities]:
    """The networks on the task, and one with as many layers on CIFAR-10."""
    return {**vgg_on_the_task(tier, recipe), ON_CIFAR: on_cifar("VGG-11bn", tier)}


@claim(
    "SP-28",
    where="Section 3, Fig. 6",
    paper="essentially unaltered",
    tier="laptop",
    readings={"recipe": READINGS, "layers": LAYERS},
    about=About.SIZE,
    runs=with_one_on_cifar,
    seeds=SEEDS,
    reach=TASK_REACH,
    rule=in_all(equivalent_to(0.0, within=UNALTERED, refuted_beyond=2)),
    control="networks that were trained on CIFAR-10, whose curves a shuffle does alter (SP-14)",
)
def test_shuffling_channels_leaves_the_curves_as_they_are(lab: Lab, recipe: str, layers: str) -> None:
    """The curves relating sensitivities to depth remain essentially unaltered if the channels are shuffled.

    log R of each layer with shuffled channels less log R as it is.  How far a shuffle moves a curve depends on how wide
    the network is, so that a narrow one says nothing of the paper's.
    """

    def altered(name: str) -> np.ndarray:
        records = records_of(lab, name)
        after, before = (Depth(records, TRAINED, channels, layers).relative for channels in (SHUFFLED, AS_IT_IS))
        moved: np.ndarray = after - before
        return moved

    lab.measure(layers_of_each({name: altered(name) for name in lab.runs if name != ON_CIFAR}))
    lab.control(layers_of_each({ON_CIFAR: altered(ON_CIFAR)}))
    for name in lab.runs:
        moved = np.abs(altered(name)).max(1)
        lab.note(f"{name}: at most {np.exp(moved.mean()):.2f} times, in the layer that moves most, mean over networks")


D_ALIKE, G_ALIKE = "D", "G"
AS_THE_MEAN = 0.095
"""Of log D and of log G: the mean channel's may be 10 % more or less and count as those of all, as in SP-34."""


def channels_of_vgg(tier: str, recipe: str) -> dict[str, MeanChannels]:
    """VGG-11bn, and from tier `nightly` on all networks of the figure, with their mean channels."""
    networks = vgg_on_the_task(tier, recipe)
    chosen = {name: run for name, run in networks.items() if tier != "laptop" or name == "VGG-11bn"}
    return {
        name: MeanChannels(run.training, deformation=run.deformation, called=f"{run.called}, mean channels")
        for name, run in chosen.items()
    }


@claim(
    "SP-29",
    where="Section 3",
    paper="approximately equal",
    tier="laptop",
    readings={"recipe": READINGS},
    about=About.SIZE,
    runs=channels_of_vgg,
    seeds=SEEDS,
    reach=TASK_REACH,
    rule=dict.fromkeys((D_ALIKE, G_ALIKE), in_all(equivalent_to(0.0, within=AS_THE_MEAN, refuted_beyond=2))),
    control="untrained networks",
)
def test_all_channels_are_as_the_mean_channel(lab: Lab, recipe: str) -> None:
    """All channels of these networks are approximately equal to the mean channel.

    Judged by what they do: log D and log G of the mean over channels of each convolution's activity, less those of all
    channels.  By their filters they cannot be: what filters began with is larger than what they learn in common (Table
    1).  How alike channels become depends on how wide the network is, so that a narrow one says nothing of the paper's.
    """

    def apart(state: str) -> dict[str, Several]:
        found: dict[str, dict[str, np.ndarray]] = {D_ALIKE: {}, G_ALIKE: {}}
        for name in lab.runs:
            told = [record.metrics["alike"][state] for record in records_of(lab, name)]
            for part, what in ((D_ALIKE, "deformation"), (G_ALIKE, "noise")):
                mean, every = (np.log(np.array([one[of][what] for one in told], dtype=float)) for of in (MEAN, ALL))
                found[part][name] = mean - every
        return {part: layers_of_each(by_name) for part, by_name in found.items()}

    lab.measure(**apart(TRAINED))
    lab.control(**apart(UNTRAINED))
    for name in lab.runs:
        for of in (ALL, MEAN):
            for part, what in ((D_ALIKE, "deformation"), (G_ALIKE, "noise")):
                rows = [record.metrics["alike"][TRAINED][of][what] for record in records_of(lab, name)]
                mean = np.exp(np.log(np.array(rows, dtype=float)).mean(0))
                lab.series(f"{part}, {name}, {of}", range(1, len(mean) + 1), mean.tolist())


LARGER, GROWS = "larger than any other", "grows"
LAYERS_1_TO_7 = 7


def vgg_without_alexnet(tier: str, recipe: str) -> dict[str, LayerSensitivities]:
    """VGG-11 and VGG-11bn, of whose layers the sentence speaks: AlexNet has five convolutions."""
    return {name: run for name, run in vgg_on_the_task(tier, recipe).items() if name.startswith("VGG")}


@claim(
    "SP-30",
    where="Section 3, Fig. 3, third row",
    tier="laptop",
    readings={"recipe": READINGS},
    about=About.DIRECTION,
    runs=vgg_without_alexnet,
    seeds=SEEDS,
    reach=TASK_REACH,
    rule={LARGER: in_all(greater_than(0.0)), GROWS: in_all(greater_than(0.0))},
    mirrored=(GROWS,),
    control="untrained networks, in which none is larger; untrained and trained networks exchanged",
)
def test_the_mean_of_filters_grows_larger_than_other_frequencies(lab: Lab, recipe: str) -> None:
    """The 0-frequency component grows much larger than the others over training for layers 1-7.

    Energy a mode, in units of white filters', by eigenspace (single modes of one frequency are a matter of choice):
    that of frequency 0 less the largest other, and less what it was before training.  Each layer of each kind of
    network is judged over seeds.
    """
    trained, untrained = (
        {name: spectra(records_of(lab, name), state)[:, :LAYERS_1_TO_7] for name in lab.runs}
        for state in (TRAINED, UNTRAINED)
    )

    def ahead(of: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: energy[..., 0] - energy[..., 1:].max(-1) for name, energy in of.items()}

    def grown(after: Mapping[str, np.ndarray], before: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: after[name][..., 0] - before[name][..., 0] for name in after}

    lab.measure(**{LARGER: layers_of_each(ahead(trained)), GROWS: layers_of_each(grown(trained, untrained))})
    lab.control(**{LARGER: layers_of_each(ahead(untrained)), GROWS: layers_of_each(grown(untrained, trained))})
    for name, energy in trained.items():
        lab.series(f"frequency 0, {name}", range(1, LAYERS_1_TO_7 + 1), energy[..., 0].mean(0).tolist())
        lab.series(f"largest other, {name}", range(1, LAYERS_1_TO_7 + 1), energy[..., 1:].max(-1).mean(0).tolist())
