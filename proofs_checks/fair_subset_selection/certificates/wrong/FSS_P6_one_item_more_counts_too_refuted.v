(* fair_subset_selection/FSS-P6: Sums of the largest are concave. The sum top_t(s) of the t largest of some real
   scores s is at least t/t' times top_t'(s), the sum of the t' largest, for all t <= t'. Of every number of
   scores, whatever they are: the rule. *)
From Coq Require Import Reals List Lra Lia ZArith.
Import ListNotations.
Open Scope R_scope.

(* Wrong on purpose: one item more counts too. *)
(* --- definitions and claim --- *)

Fixpoint descending (scores : list R) : Prop :=
  match scores with
  | a :: ((b :: _) as rest) => b <= a /\ descending rest
  | _ => True
  end.

Definition sum (scores : list R) : R := fold_right Rplus 0 scores.

(* scores from the largest on, and the sum of the t largest, of u in all or fewer *)
Definition hypotheses (scores : list R) (t u : nat) (top : R) : Prop :=
  descending scores /\ (t <= u)%nat /\ (1 <= u)%nat /\ (u <= length scores)%nat /\ top = sum (firstn t scores).

Definition lhs (scores : list R) (t u : nat) (top : R) : R :=
  IZR (Z.of_nat (Nat.min (S t) u)) / IZR (Z.of_nat u) * sum (firstn u scores).

Definition rhs (scores : list R) (t u : nat) (top : R) : R := top.

Definition claim : Prop := forall scores t u top, hypotheses scores t u top -> lhs scores t u top <= rhs scores t u top.

(* --- proof --- *)

Ltac holds := unfold hypotheses, sum; simpl; repeat split; try lia; lra.

Ltac impossible := unfold sum; simpl; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs, sum; simpl; lra].

Theorem refuted : ~ claim.
Proof.
  intro wrong.
  assert (one : hypotheses [(2 / 1); (2 / 1); (2 / 1)] 1 3 (2 / 1)) by holds.
  apply wrong in one. unfold lhs, rhs in one. revert one. impossible.
Qed.
