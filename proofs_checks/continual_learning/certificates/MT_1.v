(* continual_learning/MT-1: Forgetting is at least the backward transfer that was lost. R[i, j] is the accuracy on
   task j after task i was learned. Forgetting F, the mean over all tasks j but the last of the best R[i, j] before
   the end less R[T, j], is at least -BWT, the mean of R[j, j] - R[T, j]. They are equal exactly where each task is
   at its best right after it was learned. Of every table of at least two tasks: the rule. *)
From Coq Require Import Reals List Lra Lia ZArith.
From Certificates Require Import Table.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

(* the best accuracy on a task from when it was learned to before the end *)
Definition best (rows : table) (j : nat) : R :=
  fold_right (fun i x => Rmax (entry rows i j) x) (entry rows j j) (seq j (last rows - j)).

Definition forgetting (rows : table) : R := mean (last rows) (fun j => best rows j - entry rows (last rows) j).

Definition hypotheses (rows : table) (F B : R) : Prop :=
  (2 <= length rows)%nat /\ F = forgetting rows /\ B = transfer rows.

Definition lhs (rows : table) (F B : R) : R := - B.

Definition rhs (rows : table) (F B : R) : R := F.

(* each task but the last is at its best right after it was learned *)
Definition kept (rows : table) : Prop := forall j, (j < last rows)%nat -> best rows j = entry rows j j.

Definition claim : Prop := forall rows F B, hypotheses rows F B ->
  lhs rows F B <= rhs rows F B /\ (lhs rows F B = rhs rows F B <-> kept rows).

(* --- proof --- *)

Ltac holds := unfold hypotheses, forgetting, best, transfer, mean, sum, entry, last; simpl;
  repeat split; try lia; largest; lra.

Ltac impossible := intros [one _]; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; lra].

(* --- theorem --- *)

Lemma own : forall rows j, entry rows j j <= best rows j.
Proof.
  intros. unfold best. induction (seq j (last rows - j)) as [|i l IH]; simpl; [lra|].
  apply Rle_trans with (1 := IH). apply Rmax_r.
Qed.

Theorem certified : claim.
Proof.
  intros rows F B [T [-> ->]]. unfold lhs, rhs, forgetting, transfer, mean, Rdiv, kept.
  assert (P : 0 < / IZR (Z.of_nat (last rows))) by (apply Rinv_0_lt_compat, positive; unfold last; lia).
  rewrite Ropp_mult_distr_l, <- sum_opp. set (n := last rows).
  set (g := fun j => - (entry rows n j - entry rows j j)). set (h := fun j => best rows j - entry rows n j).
  assert (O : forall j, (j < n)%nat -> g j <= h j) by (intros j _; assert (O := own rows j); unfold g, h; lra).
  split; [apply Rmult_le_compat_r; [left; exact P | exact (sum_le n g h O)] | split; intro E].
  - apply Rmult_eq_reg_r in E; [|apply Rgt_not_eq, P].
    intros j J. assert (G := sum_eq n g h O E j J). unfold g, h in G. lra.
  - f_equal. apply Rle_antisym; apply sum_le; intros j J; unfold g, h; rewrite (E j J); lra.
Qed.
