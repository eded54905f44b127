"""Group policy gradients: their statements, from the direction of an update to what counts of right answers tell."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About, Reading
from proofs_checks.policy_gradients.updates import reward_weights
from proofs_checks.policy_gradients.updates import group_sizes
from proofs_checks.policy_gradients.updates import one_curve
from proofs_checks.policy_gradients.updates import finite_steps
from proofs_checks.policy_gradients.updates import lengths
from proofs_checks.policy_gradients.updates import sampled_updates
from proofs_checks.policy_gradients.unlikeliness import ranked_rewards
from proofs_checks.policy_gradients.unlikeliness import solved_problems
from proofs_checks.policy_gradients.stopping import divergences
from proofs_checks.policy_gradients.stopping import stationary_laws
from proofs_checks.policy_gradients.stopping import inner_loops
from proofs_checks.policy_gradients.counts import silent_groups
from proofs_checks.policy_gradients.counts import pass_at

ABOUT = About(
    paper=(
        "A. W. He, D. Fried, S. Welleck, *Rewarding the Unlikely: Lifting GRPO Beyond Distribution Sharpening*, "
        "arXiv 2506.02355."
    ),
    claims="""\
The paper observes that training with rewards of groups lifts likely right answers more than rare ones, and lowers the
rewards of likely ones by rank. It states no theorem. Proved here is what each setting of such a trainer can do to a
policy with finitely many answers: every norm of rewards follows one curve and differs in speed, a penalty of ranks
jumps where all answers are right, a divergence undoes the sharpening at rest, and the clip, not the number of updates,
protects rare answers. Counts of right answers tell pass@k and the share of groups without a signal.""",
    pictures=("published", "unlikeliness"),
    papers=(
        Reading(
            key="2506.02355",
            name="Rewarding the Unlikely, A. W. He et al.",
            read="abstract, code",
            claims="A penalty of ranks and more updates a batch lift rare right answers, and so pass@N for large N.",
            found=(
                "Every norm that raises the success probability lets likely answers gain. The penalty cures that "
                "beyond a strength far above the released one; more updates do, through the clip."
            ),
            ids=("GR-",),
            call="expected_gradient",
        ),
    ),
)
