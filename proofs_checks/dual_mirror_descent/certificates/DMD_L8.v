(* dual_mirror_descent/DMD-L8: Prices move by no more than the step. A projected Euclidean step of size eta moves
   the prices mu_t by at most eta times their gradient g_t, in l1. Of every number of resources, prices at or above
   zero, gradients and step sizes: the rule. *)
From Coq Require Import Reals List Lra.
From Certificates Require Import Prices.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

(* of a resource the price before an eager step, the gradient, and the price after it *)
Definition move : Type := (R * R * R)%type.

Definition hypotheses (step : R) (moves : list move) : Prop :=
  0 <= step /\ Forall (fun '(before, gradient, after) => 0 <= before /\ after = Rmax 0 (before - step * gradient)) moves.

Definition lhs (step : R) (moves : list move) : R := sum (map (fun '(before, gradient, after) => Rabs (after - before)) moves).

Definition rhs (step : R) (moves : list move) : R := step * sum (map (fun '(before, gradient, after) => Rabs gradient) moves).

Definition claim : Prop := forall step moves, hypotheses step moves -> lhs step moves <= rhs step moves.

(* --- proof --- *)

Ltac sizes := unfold sum, Rabs; simpl; repeat match goal with |- context [Rcase_abs ?a] => destruct (Rcase_abs a); try lra end.

Ltac holds := unfold hypotheses; decided.

Ltac impossible := sizes.

Ltac anchored := split; [holds | split; unfold lhs, rhs; sizes].

(* --- theorem --- *)

Theorem certified : claim.
Proof.
  intros step moves [S F]. unfold lhs, rhs. induction F as [|[[before gradient] after] rest [P ->] F IH]; unfold sum in *; simpl; [lra|].
  assert (X : Rabs (Rmax 0 (before - step * gradient) - before) <= Rabs (step * gradient)).
  { generalize (step * gradient). intro g. destruct (projected (before - g)) as [[N ->] | [N ->]]; unfold Rabs;
      repeat destruct (Rcase_abs _); lra. }
  rewrite Rabs_mult, (Rabs_right step) in X by lra. lra.
Qed.
