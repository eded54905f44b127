(* alpha_rank/AR-T3: Fixation probabilities there and back. The probability rho_m(u) that one mutant with advantage
   u (selection strength times payoff gain) takes over a population of m, divided by that of the way back,
   rho_m(-u), is exp((m - 1) u); both sides are logarithms. Of every number of individuals and every advantage, as
   x = e^-u: the theorem. *)
From Coq Require Import Reals List Lra Lia.
From Certificates Require Import Mutants.
Open Scope R_scope.

(* --- definitions and claim --- *)

(* x is e^-u; one mutant takes over with chance a, and with chance b where its advantage is -u *)
Definition hypotheses (x : R) (m : nat) (a b : R) : Prop :=
  0 < x /\ (2 <= m)%nat /\ takes_over x m a /\ takes_over (/ x) m b.

Definition lhs (x : R) (m : nat) (a b : R) : R := a / b.

Definition rhs (x : R) (m : nat) (a b : R) : R := (/ x) ^ (m - 1).

Definition claim : Prop := forall x m a b, hypotheses x m a b -> lhs x m a b = rhs x m a b.

(* --- proof --- *)

Ltac holds := unfold hypotheses, takes_over; cbv [chance]; repeat (first [lra | lia | split]).

Ltac numbers := unfold lhs, rhs; simpl Nat.sub; cbv [pow].

Ltac impossible := numbers; intro; lra.

Ltac anchored := split; [holds | split; numbers; lra].

(* --- theorem --- *)

Theorem certified : claim.
Proof.
  intros x m a b [X [M [A B]]]. unfold lhs, rhs. apply taken in A. apply taken in B.
  destruct m as [|n]; [lia|]. replace (S n - 1)%nat with n by lia.
  assert (P := powers_pos x n X). assert (Q := powers_pos (/ x) n (Rinv_0_lt_compat x X)).
  assert (E := backwards x n X). assert (W := pow_lt x n X). rewrite pow_inv.
  assert (BN : b <> 0) by (intro Z; rewrite Z in B; lra).
  apply Rmult_eq_reg_r with (b * powers x (S n)); [|intro Z; apply Rmult_integral in Z; lra].
  transitivity (a * powers x (S n)); [field; exact BN|]. rewrite A, <- E.
  transitivity (b * powers (/ x) (S n)); [lra | field; lra].
Qed.
