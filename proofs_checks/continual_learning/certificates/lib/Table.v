(* Tables of accuracies: the entry i, j is that on task j after task i of T tasks was learned. *)
From Coq Require Import Reals List Lra Lia ZArith.
Import ListNotations.
Open Scope R_scope.

Definition table := list (list R).

Definition entry (rows : table) (i j : nat) : R := nth j (nth i rows []) 0.

Definition last (rows : table) : nat := length rows - 1.

Definition sum (n : nat) (g : nat -> R) : R := fold_right (fun j x => g j + x) 0 (seq 0 n).

Definition mean (n : nat) (g : nat -> R) : R := sum n g / IZR (Z.of_nat n).

Definition transfer (rows : table) : R := mean (last rows) (fun j => entry rows (last rows) j - entry rows j j).

(* --- facts --- *)

Lemma sum_le : forall n g h, (forall j, (j < n)%nat -> g j <= h j) -> sum n g <= sum n h.
Proof.
  intros n g h H. unfold sum. assert (E : forall j, In j (seq 0 n) -> g j <= h j) by (intros j J; apply in_seq in J; apply H; lia).
  induction (seq 0 n) as [|a l IH]; simpl; [lra|].
  assert (X := E a (or_introl eq_refl)). assert (Y := IH (fun j J => E j (or_intror J))). lra.
Qed.

Lemma sum_minus : forall n g h, sum n (fun j => g j - h j) = sum n g - sum n h.
Proof. intros. unfold sum. induction (seq 0 n) as [|a l IH]; simpl; lra. Qed.

Lemma sum_opp : forall n g, sum n (fun j => - g j) = - sum n g.
Proof. intros. unfold sum. induction (seq 0 n) as [|a l IH]; simpl; lra. Qed.

Lemma sum_last : forall n g, sum (S n) g = sum n g + g n.
Proof.
  intros. unfold sum. rewrite seq_S, fold_right_app. simpl. generalize (g n) as y. intro y. rewrite Rplus_0_r.
  induction (seq 0 n) as [|a l IH]; simpl; lra.
Qed.

Lemma sum_eq : forall n g h, (forall j, (j < n)%nat -> g j <= h j) -> sum n g = sum n h ->
  forall j, (j < n)%nat -> g j = h j.
Proof.
  induction n as [|n IH]; intros g h H E j J; [lia|]. rewrite !sum_last in E.
  assert (L := sum_le n g h ltac:(intros; apply H; lia)). assert (N := H n ltac:(lia)).
  destruct (Nat.eq_dec j n) as [->|D]; [lra|]. apply (IH g h); [intros; apply H; lia | lra | lia].
Qed.

Lemma positive : forall n, (1 <= n)%nat -> 0 < IZR (Z.of_nat n).
Proof. intros. apply IZR_lt. lia. Qed.

(* the largest of numbers that are written out *)
Ltac largest := repeat match goal with
  |- context [Rmax ?a ?b] => first [rewrite (Rmax_left a b) by lra | rewrite (Rmax_right a b) by lra] end.
