(* continual_learning/MT-1: Forgetting is at least the backward transfer that was lost. R[i, j] is the accuracy on
   task j after task i was learned. Forgetting F, the mean over all tasks j but the last of the best R[i, j] before
   the end less R[T, j], is at least -BWT, the mean of R[j, j] - R[T, j]. They are equal exactly where each task is
   at its best right after it was learned. Of every table of at least two tasks: the rule. *)
From Coq Require Import Reals List Lra Lia ZArith.
From Certificates Require Import Table.
Import ListNotations.
Open Scope R_scope.

(* Wrong on purpose: equality for every table. *)
(* --- definitions and claim --- *)

(* the best accuracy on a task from when it was learned to before the end *)
Definition best (rows : table) (j : nat) : R :=
  fold_right (fun i x => Rmax (entry rows i j) x) (entry rows j j) (seq j (last rows - j)).

Definition forgetting (rows : table) : R := mean (last rows) (fun j => best rows j - entry rows (last rows) j).

Definition hypotheses (rows : table) (F B : R) : Prop :=
  (2 <= length rows)%nat /\ F = forgetting rows /\ B = transfer rows.

Definition lhs (rows : table) (F B : R) : R := - B.

Definition rhs (rows : table) (F B : R) : R := F.

Definition claim : Prop := forall rows F B, hypotheses rows F B -> rhs rows F B <= lhs rows F B.

(* --- proof --- *)

Ltac holds := unfold hypotheses, forgetting, best, transfer, mean, sum, entry, last; simpl;
  repeat split; try lia; largest; lra.

Ltac impossible := lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; lra].

Theorem refuted : ~ claim.
Proof.
  intro wrong.
  assert (one : hypotheses [[(1 / 2); (0 / 1); (0 / 1)]; [(3 / 4); (1 / 2); (0 / 1)]; [(1 / 4); (1 / 2); (1 / 1)]] (1 / 4) (-1 / 8)) by holds.
  apply wrong in one. unfold lhs, rhs in one. revert one. impossible.
Qed.
