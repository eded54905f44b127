(* alpha_rank/AR-T2: Fixation is absorption of a birth and death chain. One mutant among m individuals, whose
   payoff advantage times the selection strength is u, takes over with probability rho_m(u): that of a birth and
   death chain to get from 1 mutant to m before 0, where one more and one less come in the proportion e^u to 1.
   Both sides are logarithms of it. Of every number of individuals and every advantage other than 0, as x = e^-u:
   the theorem. *)
From Coq Require Import Reals List Lra Lia.
From Certificates Require Import Mutants.
Open Scope R_scope.

(* --- definitions and claim --- *)

(* x is e^-u, for a mutant that is not neutral *)
Definition hypotheses (x : R) (m : nat) (a : R) : Prop := 0 < x /\ x <> 1 /\ (2 <= m)%nat /\ takes_over x m a.

Definition lhs (x : R) (m : nat) (a : R) : R := (1 - x) / (1 - x ^ m).

Definition rhs (x : R) (m : nat) (a : R) : R := a.

Definition claim : Prop := forall x m a, hypotheses x m a -> lhs x m a = rhs x m a.

(* --- proof --- *)

Ltac holds := unfold hypotheses, takes_over; cbv [chance]; repeat (first [lra | lia | split]).

Ltac numbers := unfold lhs, rhs; simpl Nat.sub; cbv [pow].

Ltac impossible := numbers; intro; lra.

Ltac anchored := split; [holds | split; numbers; lra].

(* --- theorem --- *)

Theorem certified : claim.
Proof.
  intros x m a [X [N [M T]]]. unfold lhs, rhs. apply taken in T. assert (G := geometric x m).
  destruct m as [|n]; [lia|]. assert (P := powers_pos x n X). rewrite <- G.
  apply Rmult_eq_reg_r with (powers x (S n)); [|lra]. rewrite T. field. split; lra.
Qed.
