(* low_rank_optimizers/DC-3: Sums of absolute values find at least 1/m of what squares find. G is a gradient, Q is
   orthogonal of size n, columns of G Q have m entries, and I are the r columns with the largest sums of absolute
   values. They hold at least 1/m of the squares that the best r columns hold, so at least r/(n m) of |G|^2. Of
   every selection by sums of absolute values, of columns of any number and length: the rule. *)
From Coq Require Import Reals List Lra Lia ZArith.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

(* sums of squares and of absolute values of the entries of a column *)
Definition squares (column : list R) : R := fold_right (fun x y => x * x + y) 0 column.

Definition size (column : list R) : R := fold_right (fun x y => Rabs x + y) 0 column.

Definition total (columns : list (list R)) : R := fold_right (fun s y => squares s + y) 0 columns.

(* columns of m entries: both, which are kept and stand in another selection, own, which are kept alone, and others,
   which are as many and stand in the other selection; none of these has a larger sum of absolute values *)
Definition hypotheses (m : nat) (both own others : list (list R)) : Prop :=
  (0 < m)%nat /\ (forall s, In s (both ++ own ++ others) -> length s = m) /\ length own = length others /\
  forall s t, In s own -> In t others -> size t <= size s.

Definition lhs (m : nat) (both own others : list (list R)) : R :=
  1 / IZR (Z.of_nat m) * (total both + total others).

Definition rhs (m : nat) (both own others : list (list R)) : R := total both + total own.

Definition claim : Prop := forall m both own others, hypotheses m both own others ->
  lhs m both own others <= rhs m both own others.

(* --- proof --- *)

Ltac numbers := unfold total, squares, size; simpl.

Ltac absolute := repeat match goal with |- context [Rabs ?x] =>
  first [rewrite (Rabs_pos_eq x) by lra | rewrite (Rabs_left x) by lra] end.

Ltac holds := split; [lia | split; [intros s S; simpl in S; intuition (subst; reflexivity) |
  split; [reflexivity | intros s t S T; simpl in S, T; intuition (subst; numbers; absolute; lra)]]].

Ltac impossible := numbers; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; numbers; lra].

(* --- theorem --- *)

Lemma positive : forall s, 0 <= squares s /\ 0 <= size s.
Proof.
  unfold squares, size. induction s as [|x s IH]; simpl; [lra|]. assert (A := Rabs_pos x). nra.
Qed.

Lemma below : forall s, squares s <= size s * size s.
Proof.
  induction s as [|x s IH]; [unfold squares, size; simpl; lra|].
  change (squares (x :: s)) with (x * x + squares s). change (size (x :: s)) with (Rabs x + size s).
  assert (A := Rabs_pos x). destruct (positive s) as [_ P].
  assert (B : x * x = Rabs x * Rabs x) by (rewrite <- Rabs_mult; symmetry; apply Rabs_pos_eq; nra). nra.
Qed.

Lemma above : forall s, size s * size s <= IZR (Z.of_nat (length s)) * squares s.
Proof.
  induction s as [|x s IH]; [unfold squares, size; simpl; lra|].
  change (squares (x :: s)) with (x * x + squares s). change (size (x :: s)) with (Rabs x + size s).
  simpl length. rewrite Nat2Z.inj_succ, succ_IZR. set (n := IZR (Z.of_nat (length s))) in *.
  assert (B : x * x = Rabs x * Rabs x) by (rewrite <- Rabs_mult; symmetry; apply Rabs_pos_eq; nra).
  destruct (positive s) as [Q P]. rewrite B. set (a := Rabs x) in *. set (L := size s) in *. set (S := squares s) in *.
  assert (N : 0 <= n) by (apply IZR_le; lia). enough (C : 2 * (a * L) <= n * (a * a) + S) by lra.
  destruct (Rle_lt_or_eq_dec 0 n N) as [M|E].
  - apply Rmult_le_reg_l with (1 := M). assert (D := Rle_0_sqr (n * a - L)). unfold Rsqr in D. nra.
  - rewrite <- E in *. assert (L = 0) by nra. nra.
Qed.

Lemma exchanged : forall n own others, (forall s, In s own -> length s = n) -> length own = length others ->
  (forall s t, In s own -> In t others -> size t <= size s) ->
  total others <= IZR (Z.of_nat n) * total own.
Proof.
  intros n own. induction own as [|s own IH]; intros [|t others] L E A; try discriminate.
  - unfold total. simpl. lra.
  - change (total (t :: others)) with (squares t + total others). change (total (s :: own)) with (squares s + total own).
    assert (C := IH others (fun u U => L u (or_intror U)) ltac:(simpl in E; lia)
      (fun u v U V => A u v (or_intror U) (or_intror V))).
    assert (D := A s t (or_introl eq_refl) (or_introl eq_refl)). assert (X := below t). assert (Y := above s).
    rewrite (L s (or_introl eq_refl)) in Y. destruct (positive t) as [_ P]. nra.
Qed.

Theorem certified : claim.
Proof.
  intros m both own others [M [L [E A]]]. unfold lhs, rhs. set (n := IZR (Z.of_nat m)).
  assert (N : 1 <= n) by (apply IZR_le; lia).
  assert (X := exchanged m own others (fun s S => L s ltac:(rewrite !in_app_iff; auto)) E A). fold n in X.
  assert (P : 0 <= total both) by (clear; unfold total; induction both as [|s b IH]; simpl;
    [lra | destruct (positive s); lra]).
  apply Rmult_le_reg_l with n; [lra|].
  replace (n * (1 / n * (total both + total others))) with (total both + total others) by (field; lra). nra.
Qed.
