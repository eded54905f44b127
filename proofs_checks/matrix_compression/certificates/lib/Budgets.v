(* Values with their energies and costs, from the largest energy for a unit of cost to the least, within a budget. *)
From Coq Require Import Reals List Lra.
Import ListNotations.
Open Scope R_scope.

(* energy and cost *)
Definition value : Type := R * R.

(* costs are positive, energies are not negative, and no value has more energy for a unit of cost than one before it *)
Fixpoint ordered (values : list value) : Prop :=
  match values with
  | [] => True
  | (e, c) :: rest => 0 < c /\ 0 <= e /\ (forall f d, In (f, d) rest -> f * c <= e * d) /\ ordered rest
  end.

(* values are taken until the first one that does not fit: their energy, and that of the part of it that would fit *)
Fixpoint taken (b : R) (values : list value) : R :=
  match values with [] => 0 | (e, c) :: rest => if Rle_dec c b then e + taken (b - c) rest else 0 end.

Fixpoint part (b : R) (values : list value) : R :=
  match values with [] => 0 | (e, c) :: rest => if Rle_dec c b then part (b - c) rest else b / c * e end.

(* energy and cost of the values that are chosen *)
Fixpoint kept (values : list value) (chosen : list bool) : R :=
  match values, chosen with
  | (e, _) :: rest, true :: others => e + kept rest others
  | _ :: rest, false :: others => kept rest others
  | _, _ => 0
  end.

Fixpoint cost (values : list value) (chosen : list bool) : R :=
  match values, chosen with
  | (_, c) :: rest, true :: others => c + cost rest others
  | _ :: rest, false :: others => cost rest others
  | _, _ => 0
  end.

(* what a budget and all values are worth at a price for a unit of cost *)
Fixpoint surplus (p : R) (values : list value) : R :=
  match values with [] => 0 | (e, c) :: rest => Rmax 0 (e - p * c) + surplus p rest end.

Definition worth (p b : R) (values : list value) : R := p * b + surplus p values.

(* --- facts --- *)

Lemma surplus_positive : forall p values, 0 <= surplus p values.
Proof. intros p values. induction values as [|[e c] rest IH]; simpl; [lra|]. assert (X := Rmax_l 0 (e - p * c)). lra. Qed.

Lemma no_more : forall p values chosen, 0 <= p -> ordered values -> kept values chosen <= p * cost values chosen + surplus p values.
Proof.
  intros p values. induction values as [|[e c] rest IH]; intros chosen P O; simpl.
  - destruct chosen as [|[]]; lra.
  - destruct O as [C [E [_ O]]]. assert (X := Rmax_l 0 (e - p * c)). assert (Y := Rmax_r 0 (e - p * c)).
    assert (Z := surplus_positive p rest). destruct chosen as [|[] others]; [lra| |];
    assert (W := IH others P O); lra.
Qed.

(* for every price of at least 0 the bound is at most what all is worth *)
Lemma at_most_worth : forall p values b, 0 <= p -> 0 <= b -> ordered values -> taken b values + part b values <= worth p b values.
Proof.
  intros p values. unfold worth. induction values as [|[e c] rest IH]; intros b P B O; simpl; [nra|].
  destruct O as [C [E [_ O]]]. assert (X := Rmax_l 0 (e - p * c)). assert (Y := Rmax_r 0 (e - p * c)).
  assert (Z := surplus_positive p rest). destruct (Rle_dec c b) as [L|N].
  - assert (W := IH (b - c) P ltac:(lra) O). lra.
  - assert (Q : b / c * e <= p * b + Rmax 0 (e - p * c)); [|lra].
    assert (S : 0 <= b / c <= 1) by (split; [apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra] |
      apply Rmult_le_reg_r with (1 := C); unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra]).
    replace (p * b) with (b / c * (p * c)) by (field; lra). nra.
Qed.

(* and for one price they are equal *)
Lemma some_price : forall values b, ordered values -> 0 <= b ->
  exists p, 0 <= p /\ taken b values + part b values = worth p b values /\
    forall e c, 0 < c -> 0 <= e -> (forall f d, In (f, d) values -> f * c <= e * d) -> p * c <= e.
Proof.
  unfold worth. induction values as [|[e c] rest IH]; intros b O B; simpl.
  - exists 0. repeat split; [lra | lra | intros; nra].
  - destruct O as [C [E [A O]]]. destruct (Rle_dec c b) as [L|N].
    + destruct (IH (b - c) O ltac:(lra)) as [p [P [Q S]]]. exists p.
      assert (T := S e c C E A). rewrite Rmax_right by lra. repeat split; [lra | lra|].
      intros f d D F G. apply S; [lra | lra | intros; apply G; right; assumption].
    + exists (e / c). assert (T : e / c * c = e) by (field; lra).
      assert (V : 0 <= e / c) by (apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra]).
      assert (K : surplus (e / c) rest = 0).
      { clear - A C V. assert (A' : forall f d, In (f, d) rest -> f <= e / c * d).
        { intros f d I. apply Rmult_le_reg_r with (1 := C). assert (H := A f d I).
          replace (e / c * d * c) with (e * d) by (field; lra). lra. }
        clear A. induction rest as [|[f d] rest IH]; simpl; [reflexivity|].
        assert (H := A' f d (or_introl eq_refl)). rewrite Rmax_left by lra.
        rewrite IH; [lra | intros; apply A'; right; assumption]. }
      rewrite K, T, Rmax_left by lra. repeat split; [lra | field; lra|].
      intros f d D F G. assert (H := G e c (or_introl eq_refl)). apply Rmult_le_reg_r with (1 := C).
      replace (e / c * d * c) with (e * d) by (field; lra). lra.
Qed.

Lemma bounded : forall values b chosen, ordered values -> 0 <= b -> cost values chosen <= b ->
  kept values chosen <= taken b values + part b values.
Proof.
  intros values b chosen O B W. destruct (some_price values b O B) as [p [P [-> _]]].
  assert (X := no_more p values chosen P O). unfold worth. nra.
Qed.

(* comparisons of numbers that are written out *)
Ltac decided := repeat match goal with |- context [Rle_dec ?a ?b] =>
  first [destruct (Rle_dec a b) as [_|N]; [|exfalso; lra] | destruct (Rle_dec a b) as [N|_]; [exfalso; lra|]] end.

Ltac evaluated := simpl; decided; lra.

Ltac in_order := simpl; repeat split; try lra; intros f d I; repeat (destruct I as [I|I]; [injection I as <- <-; lra|]); destruct I.
