(* alpha_rank/AR-T3-slope: Log fixation probability rises, by at most m - 1. The logarithm of rho_m(u), the
   probability that one mutant with advantage u takes over a population of m, never falls as u grows, and rises by
   at most m - 1 per unit of u. Of every number of individuals, every advantage and every step, as x = e^-u and z =
   e^-h: the theorem. *)
From Coq Require Import Reals List Lra Lia.
From Certificates Require Import Mutants.
Open Scope R_scope.

(* --- definitions and claim --- *)

(* x is e^-u and z is e^-h; one mutant takes over with chance a at the advantage u, and with chance b at u + h *)
Definition hypotheses (x z : R) (m : nat) (a b : R) (rises : bool) : Prop :=
  0 < x /\ 0 < z <= 1 /\ (2 <= m)%nat /\ takes_over x m a /\ takes_over (x * z) m b.

Definition lhs (x z : R) (m : nat) (a b : R) (rises : bool) : R := if rises then a / b else b / a.

Definition rhs (x z : R) (m : nat) (a b : R) (rises : bool) : R := if rises then 1 else (/ z) ^ (m - 1).

Definition claim : Prop := forall x z m a b rises,
  hypotheses x z m a b rises -> lhs x z m a b rises <= rhs x z m a b rises.

(* --- proof --- *)

Ltac holds := unfold hypotheses, takes_over; cbv [chance]; repeat (first [lra | lia | split]).

Ltac numbers := unfold lhs, rhs; simpl Nat.sub; cbv [pow].

Ltac impossible := numbers; intro; lra.

Ltac anchored := split; [holds | split; numbers; lra].

(* --- theorem --- *)

Lemma powers_between : forall x z m, 0 < x -> 0 < z <= 1 ->
  powers (x * z) (S m) <= powers x (S m) /\ z ^ m * powers x (S m) <= powers (x * z) (S m).
Proof.
  intros x z m X Z. induction m as [|m [I J]]; [simpl; lra|].
  change (powers (x * z) (S (S m))) with (powers (x * z) (S m) + (x * z) ^ S m).
  change (powers x (S (S m))) with (powers x (S m) + x ^ S m). rewrite Rpow_mult_distr.
  assert (P := pow_lt x (S m) X). assert (Q := pow_lt z (S m) (proj1 Z)). assert (Q' := pow_lt z m (proj1 Z)).
  assert (L : z ^ S m <= 1) by (rewrite <- (pow1 (S m)); apply pow_incr; lra).
  assert (K : z ^ S m <= z ^ m) by (simpl; rewrite <- (Rmult_1_l (z ^ m)) at 2; apply Rmult_le_compat_r; lra).
  assert (S0 := powers_pos x m X). split.
  - assert (H := Rmult_le_compat_l (x ^ S m) _ _ (Rlt_le _ _ P) L). lra.
  - assert (H := Rmult_le_compat_r (powers x (S m)) _ _ (Rlt_le _ _ S0) K). lra.
Qed.

Theorem certified : claim.
Proof.
  intros x z m a b rises [X [Z [M [A B]]]]. unfold lhs, rhs. apply taken in A. apply taken in B.
  destruct m as [|n]; [lia|]. replace (S n - 1)%nat with n by lia.
  assert (XZ : 0 < x * z) by (apply Rmult_lt_0_compat; lra).
  assert (P := powers_pos x n X). assert (Q := powers_pos (x * z) n XZ). destruct (powers_between x z n X Z) as [I J].
  assert (W := pow_lt z n (proj1 Z)).
  assert (EA : a = / powers x (S n)) by (apply Rmult_eq_reg_r with (powers x (S n)); [rewrite A; field; lra | lra]).
  assert (EB : b = / powers (x * z) (S n))
    by (apply Rmult_eq_reg_r with (powers (x * z) (S n)); [rewrite B; field; lra | lra]).
  rewrite EA, EB. destruct rises.
  - apply Rmult_le_reg_r with (powers x (S n)); [exact P|].
    transitivity (powers (x * z) (S n)); [right; field; lra | lra].
  - rewrite pow_inv. apply Rmult_le_reg_r with (powers (x * z) (S n) * z ^ n); [apply Rmult_lt_0_compat; assumption|].
    transitivity (z ^ n * powers x (S n)); [right; field; lra|].
    transitivity (powers (x * z) (S n)); [exact J | right; field; lra].
Qed.
