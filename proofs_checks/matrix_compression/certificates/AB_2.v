(* matrix_compression/AB-2: A greedy choice misses the best ranks by less than one value. Values are taken by their
   energy for a unit of cost, until the first one, sigma, that does not fit; these ranks keep the energy G. The
   best ranks keep at least G and at most G + theta sigma^2, where theta < 1 is what is left of the budget as a
   share of the cost of sigma. Of every number of values, all costs and every choice within the budget: the rule. *)
From Coq Require Import Reals List Lra.
From Certificates Require Import Budgets.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

Definition hypotheses (values : list value) (b : R) (chosen : list bool) (greedy : R) : Prop :=
  ordered values /\ 0 <= b /\ cost values chosen <= b /\ greedy = taken b values.

Definition lhs (values : list value) (b : R) (chosen : list bool) (greedy : R) : R := kept values chosen.

Definition rhs (values : list value) (b : R) (chosen : list bool) (greedy : R) : R := greedy + part b values.

(* the greedy values are a choice within the budget, and the part is less than one value *)
Definition near (values : list value) (b greedy : R) : Prop :=
  (exists chosen, cost values chosen <= b /\ kept values chosen = greedy) /\
  (part b values = 0 \/ exists e c, In (e, c) values /\ part b values < e).

Definition claim : Prop := forall values b chosen greedy, hypotheses values b chosen greedy ->
  lhs values b chosen greedy <= rhs values b chosen greedy /\ near values b greedy.

(* --- proof --- *)

Ltac holds := split; [in_order | split; [lra | split; evaluated]].

Ltac impossible := intros [one _]; revert one; evaluated.

Ltac anchored := split; [holds | split; unfold lhs, rhs; evaluated].

(* --- theorem --- *)

Lemma greedy_choice : forall values b, 0 <= b ->
  exists chosen, cost values chosen <= b /\ kept values chosen = taken b values.
Proof.
  induction values as [|[e c] rest IH]; intros b B; simpl; [exists []; simpl; lra|].
  destruct (Rle_dec c b) as [L|N]; [|exists []; simpl; lra].
  destruct (IH (b - c) ltac:(lra)) as [chosen [C K]]. exists (true :: chosen). simpl. lra.
Qed.

Lemma one_value : forall values b, ordered values -> 0 <= b ->
  part b values = 0 \/ exists e c, In (e, c) values /\ part b values < e.
Proof.
  induction values as [|[e c] rest IH]; intros b O B; simpl; [left; reflexivity|].
  destruct O as [C [E [_ O]]]. destruct (Rle_dec c b) as [L|N].
  - destruct (IH (b - c) O ltac:(lra)) as [Z|[f [d [I F]]]]; [left; exact Z | right; exists f, d; auto].
  - destruct E as [E|<-]; [right; exists e, c; split; [auto|] | left; lra].
    assert (S : b / c < 1) by (apply Rmult_lt_reg_r with (1 := C); unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra).
    nra.
Qed.

Theorem certified : claim.
Proof.
  intros values b chosen greedy [O [B [C ->]]]. split; [apply bounded; assumption | split].
  - apply greedy_choice. exact B.
  - apply one_value; assumption.
Qed.
