(* dual_mirror_descent/DMD-L12: One step against an adversary. Up to the stopping time, alpha times the reward
   f_t(x_t) is at least the reward f_t(x) of any other action x less alpha times price times gradient, mu_t . g_t,
   where alpha is the largest ratio of a cost to its rate, or 1 if that is larger. Of every number of resources,
   prices at or above zero, every request and every best reply to it: the rule. *)
From Coq Require Import Reals List Lra.
From Certificates Require Import Prices.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

(* of a resource its price, its rate, the cost of the proposal, and that of any other action *)
Definition resource : Type := (R * R * R * R)%type.

Definition paid (resources : list resource) : R := sum (map (fun '(price, rate, cost, other) => price * cost) resources).

Definition other_paid (resources : list resource) : R := sum (map (fun '(price, rate, cost, other) => price * other) resources).

(* price times gradient *)
Definition pull (resources : list resource) : R := sum (map (fun '(price, rate, cost, other) => price * (rate - cost)) resources).

(* the proposal is a best reply to the prices: no worse than the other action, and than none; alpha is the largest ratio *)
Definition hypotheses (alpha reward other_reward : R) (resources : list resource) : Prop :=
  1 <= alpha /\ Forall (fun '(price, rate, cost, other) => 0 <= price /\ other <= alpha * rate) resources /\
  other_reward - other_paid resources <= reward - paid resources /\ 0 <= reward - paid resources.

Definition lhs (alpha reward other_reward : R) (resources : list resource) : R := other_reward - alpha * pull resources.

Definition rhs (alpha reward other_reward : R) (resources : list resource) : R := alpha * reward.

Definition claim : Prop := forall alpha reward other_reward resources,
  hypotheses alpha reward other_reward resources ->
  lhs alpha reward other_reward resources <= rhs alpha reward other_reward resources.

(* --- proof --- *)

Ltac holds := unfold hypotheses, paid, other_paid; decided.

Ltac impossible := unfold pull; simpl; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs, pull; simpl; lra].

(* --- theorem --- *)

(* what the other action pays is at most alpha times what the rates would pay *)
Lemma other_at_most : forall alpha resources,
  Forall (fun '(price, rate, cost, other) => 0 <= price /\ other <= alpha * rate) resources ->
  other_paid resources <= alpha * (pull resources + paid resources).
Proof.
  intros alpha resources F. unfold other_paid, pull, paid, sum.
  induction F as [|[[[price rate] cost] other] rest [P O] F IH]; simpl; [lra|].
  assert (X := Rmult_le_compat_l price _ _ P O). lra.
Qed.

Theorem certified : claim.
Proof.
  intros alpha reward other_reward resources [A [F [Best None]]]. unfold lhs, rhs.
  assert (X := other_at_most alpha resources F).
  assert (Y : 0 <= (alpha - 1) * (reward - paid resources)) by (apply Rmult_le_pos; lra). lra.
Qed.
