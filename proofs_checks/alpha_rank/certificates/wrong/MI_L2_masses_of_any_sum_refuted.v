(* alpha_rank/MI-L2: Masses move by at most tanh of half the log ratio. If the logarithms of all masses of two laws
   pi and pi_hat differ by at most B, then the masses themselves differ by at most tanh(B / 2). Of every pair of
   laws on any number of states: the rule. *)
From Coq Require Import Reals List Lra Lia.
Import ListNotations.
Open Scope R_scope.

(* Wrong on purpose: masses of any sum. *)
(* --- definitions and claim --- *)

Definition total (p : list R) : R := fold_right Rplus 0 p.

(* r is e^B: neither mass is more than r times the other one *)
Definition within (r a b : R) : Prop := a <= r * b /\ b <= r * a.

Definition hypotheses (p q : list R) (r : R) (i : nat) : Prop :=
  total p = 1 /\ 0 <= total q /\ Forall2 (within r) p q /\ 1 <= r /\ (i < length p)%nat.

Definition lhs (p q : list R) (r : R) (i : nat) : R := Rabs (nth i q 0 - nth i p 0).

Definition rhs (p q : list R) (r : R) (i : nat) : R := (r - 1) / (r + 1).

Definition claim : Prop := forall p q r i, hypotheses p q r i -> lhs p q r i <= rhs p q r i.

(* --- proof --- *)

Ltac holds := unfold hypotheses, within, total; simpl; repeat (first [lra | lia | split | constructor]).

Ltac numbers := simpl nth.

Ltac impossible := numbers; unfold Rabs; destruct Rcase_abs; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; numbers; [unfold Rabs; destruct Rcase_abs; lra | field]].

Theorem refuted : ~ claim.
Proof.
  intro wrong.
  assert (one : hypotheses [1 / 2; 1 / 2] [1; 1] 2 0) by holds.
  apply wrong in one. unfold lhs, rhs in one. revert one. impossible.
Qed.
