(* low_rank_optimizers/DC-2: The best r of n columns leave at most a share 1 - r/n of the squares. G is a gradient,
   Q is orthogonal of size n, and I are the r columns of Q for which G Q has the largest sums of squares. Then |G -
   G Q_I Q_I^T|^2 is at most (1 - r/n) |G|^2, whatever G and Q are, and at least the sum of all but the r largest
   squared singular values of G. Of columns of any squares, any number of them and every rank: the rule. *)
From Coq Require Import Reals List Lra Lia ZArith.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

Definition total (squares : list R) : R := fold_right Rplus 0 squares.

Definition number (squares : list R) : R := IZR (Z.of_nat (length squares)).

(* no column that is left has more squares than one that is kept *)
Definition hypotheses (kept left : list R) : Prop :=
  (0 < length (kept ++ left))%nat /\ forall x y, In x kept -> In y left -> y <= x.

Definition lhs (kept left : list R) : R := total left.

Definition rhs (kept left : list R) : R := (1 - number kept / number (kept ++ left)) * total (kept ++ left).

Definition claim : Prop := forall kept left, hypotheses kept left -> lhs kept left <= rhs kept left.

(* --- proof --- *)

Ltac numbers := unfold total, number; simpl.

Ltac holds := split; [simpl; lia | simpl; intros x y X Y; intuition (subst; lra)].

Ltac impossible := numbers; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; numbers; lra].

(* --- theorem --- *)

Lemma one_more : forall x l, number (x :: l) = number l + 1.
Proof. intros. unfold number. simpl length. rewrite Nat2Z.inj_succ, succ_IZR. reflexivity. Qed.

Lemma together : forall a b, number (a ++ b) = number a + number b /\ total (a ++ b) = total a + total b.
Proof.
  intros a b. unfold number. rewrite length_app, Nat2Z.inj_add, plus_IZR. split; [reflexivity|].
  induction a as [|x a IH]; simpl; [lra|]. unfold total in *. rewrite IH. lra.
Qed.

Lemma above : forall y kept, (forall x, In x kept -> y <= x) -> number kept * y <= total kept.
Proof.
  intros y kept. induction kept as [|x kept IH]; intro A; [unfold number, total; simpl; lra|].
  rewrite one_more. change (total (x :: kept)) with (x + total kept).
  assert (B := A x (or_introl eq_refl)). assert (C := IH (fun z Z => A z (or_intror Z))). lra.
Qed.

Lemma averages : forall kept left, (forall x y, In x kept -> In y left -> y <= x) ->
  number kept * total left <= number left * total kept.
Proof.
  intros kept left. induction left as [|y left IH]; intro A; [unfold number at 2, total at 1; simpl; lra|].
  rewrite one_more. change (total (y :: left)) with (y + total left).
  assert (B := above y kept (fun x X => A x y X (or_introl eq_refl))).
  assert (C := IH (fun x z X Z => A x z X (or_intror Z))). lra.
Qed.

Theorem certified : claim.
Proof.
  intros kept left [N A]. unfold lhs, rhs. assert (P : 0 < number (kept ++ left)) by (apply IZR_lt; lia).
  destruct (together kept left) as [E ->]. rewrite E in *. assert (B := averages kept left A).
  apply Rmult_le_reg_r with (1 := P).
  replace ((1 - number kept / (number kept + number left)) * (total kept + total left) * (number kept + number left))
    with (number left * (total kept + total left)) by (field; lra).
  lra.
Qed.
