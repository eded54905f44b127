"""The findings that a reader of the report should not miss; numbers come from the evidence or from a figure."""

from lrtheory.bounds.reporting import Finding, Published, Shown, Side

_DEFAULT = "a level for each payoff and each time, the authors' defaults"
_NECESSARY = "large norms make L^2 necessary"

FINDINGS = (
    Finding(
        "**Intervals that do not hold at all times.** Where the payoffs of sixteen strategies a player nearly tie, the "
        "default intervals of the authors' code of ResponseGraphUCB report a wrong direction as certain in {rate:.0%} "
        "of the runs, where {allowed:.0%} are allowed. With three strategies a player they keep that level. With "
        "levels that hold at all times and for all payoffs, no game exceeds it.",
        {
            "rate": Side("alpha_rank/RG-T4", "lhs", _DEFAULT),
            "allowed": Side("alpha_rank/RG-T4", "rhs", _DEFAULT),
        },
    ),
    Finding(
        "**Large norms alone are not hard, and real heads are not easy.** A remark of arXiv 2406.03136 calls its bound "
        "on the norms necessary. On the corners of a cube, beyond it, the exact gradient takes {additions:,.0f} "
        "additions for {pairs:,.0f} pairs of tokens. In a small language model polynomials do not pay: "
        "{every}, and {pays}.",
        {
            "additions": Side("lora_limits/LL-H6-cost", "rhs", _NECESSARY),
            "pairs": Side("lora_limits/LL-H6-cost", "lhs", _NECESSARY),
            "every": Shown("lora_limits/real-heads", "every head needs degree 8 or more for rows within a hundredth"),
            "pays": Shown(
                "lora_limits/real-heads",
                "features of the degree that a head needs would pay from ten million tokens on at the earliest",
            ),
        },
    ),
    Finding(
        "**Sparse and alike without a signal.** Rounding alone makes updates sparse and alike: random steps of 1e-5 "
        "change {density:.1%} of the bfloat16 weights of a sentence encoder, and another run with steps of its own "
        "changes {overlap:.0%} of the same ones, not {density:.1%}. That runs agree is no sign of what was learned. "
        "The share that both change follows from the weights: {predicted:.3%} predicted at worst, {found:.3%} found.",
        {
            "density": Published("low_rank_optimizers/rounding", "density, steps of 1e-05"),
            "overlap": Published("low_rank_optimizers/rounding", "overlap, steps of 1e-05"),
            "predicted": Side("low_rank_optimizers/RN-4", "rhs"),
            "found": Side("low_rank_optimizers/RN-4", "lhs"),
        },
    ),
    Finding(
        "**Fast against streams, not against spies.** Two guesses of the optimum, kept up to date lazily, go "
        "far: {hundredth}. But whoever deletes what was just chosen makes a deletion cost {attacked:,.0f} queries at "
        "n = 300, not {oblivious:,.0f}; {value}.",
        {
            "hundredth": Shown(
                "dynamic_submodular/stream-length",
                "at the longest stream the lazy pair asks for a hundredth of what greedy run again does",
            ),
            "attacked": Published("dynamic_submodular/adaptive-attack", "queries a deletion, attacked, n = 300"),
            "oblivious": Published("dynamic_submodular/adaptive-attack", "queries a deletion, oblivious, n = 300"),
            "value": Shown(
                "dynamic_submodular/adaptive-attack", "the value of the guess never falls below one half of the guess"
            ),
        },
    ),
    Finding(
        "**Protection on the wrong side, or too early.** Steps off the span of old inputs change no old output. "
        "Released programs project gradients before Adam, whose first step then leaks {leak:.0%} of its size, or "
        "project on the side of outputs, which protects none. After five tasks (one seed) a "
        "network is right in {inputs:.0%} with inputs protected, {outputs:.0%} on the other side, {nothing:.0%} "
        "without; with Adam in {steps:.0%} if steps are projected, {gradients:.0%} if gradients.",
        {
            "leak": Side("continual_learning/CS-6", "lhs", "gradients are projected, and not the steps"),
            "inputs": Published("continual_learning/permuted-digits", "accuracy, input"),
            "outputs": Published("continual_learning/permuted-digits", "accuracy, output"),
            "nothing": Published("continual_learning/permuted-digits", "accuracy, none"),
            "steps": Published("continual_learning/permuted-digits", "accuracy, adam update"),
            "gradients": Published("continual_learning/permuted-digits", "accuracy, adam gradient"),
        },
    ),
    Finding(
        "**Small settings of a trainer, other ends.** With advantages divided by their deviation and a KL term, a "
        "policy may rest at three success probabilities: {low:.3f}, {middle:.3f} and {high:.3f} in groups of 8, where "
        "the reference is right once in ten thousand; without division at {none:.4f} alone. The estimator k3 as a loss "
        "descends the other divergence, and {one}. On a solved problem a penalty on ranks, however weak, moves the "
        "logit of the likeliest answer by {update:.3f}, and not at all at strength 0. Among right answers {turns}.",
        {
            "low": Published(
                "policy_gradients/stationary", "point of rest 1 of three, G = 8, lam = 0.2, reference 0.0001"
            ),
            "middle": Published(
                "policy_gradients/stationary", "point of rest 2 of three, G = 8, lam = 0.2, reference 0.0001"
            ),
            "high": Published(
                "policy_gradients/stationary", "point of rest 3 of three, G = 8, lam = 0.2, reference 0.0001"
            ),
            "none": Published("policy_gradients/stationary", "point of rest without division, G = 8"),
            "one": Shown("policy_gradients/stationary", "with KL(reference || p) there is one point of rest (GR-8f)"),
            "update": Published("policy_gradients/unlikeliness", "update of answer 1 of a solved problem"),
            "turns": Shown(
                "policy_gradients/unlikeliness", "a strength of 1/4 turns the drift for no size of the group"
            ),
        },
    ),
    Finding(
        "**A better encoder may break the definition of compatibility.** One of 800 digits replaces one of 30, "
        "both on one fixed simplex: {both}, although {rays}. Where the old one is mostly wrong in a class, even an "
        "encoder without errors has a gap of {gap:.2f} there, and not of 0 or more. Hits decide, and gaps are a "
        "diagnosis. A map of few items is no cure: {hurts}.",
        {
            "both": Shown(
                "compatible_representations/definition",
                "at more than half of the seeds the definition fails for equal classes, and the service gains",
            ),
            "rays": Shown(
                "compatible_representations/definition",
                "at every seed means on the rays of the simplex would have a gap above 0",
            ),
            "gap": Side("compatible_representations/SX-18p", "rhs", "the old encoder is mostly wrong in a class"),
            "hurts": Shown(
                "compatible_representations/items", "a rotation fitted on 10 items hurts the simplex by more than 0.1"
            ),
        },
    ),
    Finding(
        "**Ten documents are certain, and some are lost.** A judge sorts windows of twenty from the end of a hundred "
        "documents to their beginning: asked what that sorts for certain, authors named the first document; it is the "
        "first ten, and merging needs seven calls for these in the place of nine. A released toolkit cuts each window "
        "from the input list instead. Then, with a judge that never errs, {lost}, and {recall}.",
        {
            "lost": Shown("reranking/one-slip", "35 to 39 of 100 documents are lost on average"),
            "recall": Shown("reranking/one-slip", "17 to 23 % of the best ten are among the first ten"),
        },
    ),
)
