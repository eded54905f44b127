(* continual_learning/MT-2: Average accuracy is what was learned plus what came of it. R[i, j] is the accuracy on
   task j after task i of T tasks was learned. ACC is the mean of the last row of R, LA that of its diagonal, and
   BWT the mean of R[T, j] - R[j, j] over all tasks j but the last. Then ACC = LA + (T - 1) / T BWT, for every
   table. Of every table of at least two tasks: the rule. *)
From Coq Require Import Reals List Lra Lia ZArith.
From Certificates Require Import Table.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

Definition average (rows : table) : R := mean (length rows) (fun j => entry rows (last rows) j).

Definition learned (rows : table) : R := mean (length rows) (fun j => entry rows j j).

Definition hypotheses (rows : table) (B : R) : Prop := (2 <= length rows)%nat /\ B = transfer rows.

Definition lhs (rows : table) (B : R) : R := average rows.

Definition rhs (rows : table) (B : R) : R :=
  learned rows + (IZR (Z.of_nat (length rows)) - 1) / IZR (Z.of_nat (length rows)) * B.

Definition claim : Prop := forall rows B, hypotheses rows B -> lhs rows B = rhs rows B.

(* --- proof --- *)

Ltac numbers := unfold average, learned, transfer, mean, sum, entry, last; simpl.

Ltac holds := unfold hypotheses; numbers; repeat split; [lia | lra].

Ltac impossible := numbers; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; numbers; lra].

(* --- theorem --- *)

Theorem certified : claim.
Proof.
  intros rows B [T ->]. unfold lhs, rhs, average, learned, transfer, mean, last. set (m := (length rows - 1)%nat).
  assert (L : length rows = S m) by (unfold m; lia). rewrite L, !sum_last, sum_minus.
  assert (P : 0 < IZR (Z.of_nat m)) by (apply positive; unfold m; lia).
  rewrite Nat2Z.inj_succ, succ_IZR. cbv beta.
  change (fun j => entry rows m j) with (entry rows m). field. repeat split; lra.
Qed.
