(* Functions of sets of elements 0, ..., n - 1: sets are bit masks, S + e is `plus S e`. *)
From Coq Require Import Reals NArith List Lra Lia Bool.
Import ListNotations.
Open Scope R_scope.

Definition plus (S e : N) : N := N.setbit S e.

Definition monotone (n : N) (f : N -> R) : Prop :=
  forall S e, (S < 2 ^ n)%N -> (e < n)%N -> f S <= f (plus S e).

Definition submodular (n : N) (f : N -> R) : Prop :=
  forall S a b, (S < 2 ^ n)%N -> (a < n)%N -> (b < n)%N -> N.testbit S a = false -> N.testbit S b = false -> a <> b ->
    f (plus (plus S a) b) + f S <= f (plus S a) + f (plus S b).

Fixpoint taken_from (S : N) (items : list N) : N :=
  match items with [] => S | e :: rest => taken_from (plus S e) rest end.

Definition taken (items : list N) : N := taken_from 0 items.

Definition elements (n : N) (items : list N) : Prop := Forall (fun e => (e < n)%N) items.

(* --- facts --- *)

Lemma plus_comm : forall S a b, plus (plus S a) b = plus (plus S b) a.
Proof.
  intros. unfold plus. apply N.bits_inj. intro i.
  destruct (N.eq_dec a i) as [->|Ha]; destruct (N.eq_dec b i) as [->|Hb];
    repeat (rewrite ?N.setbit_eq; rewrite ?N.setbit_neq by assumption); reflexivity.
Qed.

Lemma plus_idem : forall S e, N.testbit S e = true -> plus S e = S.
Proof.
  intros S e H. unfold plus. apply N.bits_inj. intro i.
  destruct (N.eq_dec e i) as [->|He]; [rewrite N.setbit_eq, H | rewrite N.setbit_neq by assumption]; reflexivity.
Qed.

Lemma below_iff : forall n S, (S < 2 ^ n)%N <-> (forall i, (n <= i)%N -> N.testbit S i = false).
Proof.
  intros n S. split; intro H.
  - intros i Hi. destruct (N.eq_dec S 0) as [->|HS]; [apply N.bits_0|].
    apply N.bits_above_log2. apply N.lt_le_trans with n; [|exact Hi].
    apply N.log2_lt_pow2; [lia|exact H].
  - destruct (N.eq_dec S 0) as [->|HS]; [apply N.neq_0_lt_0, N.pow_nonzero; lia|].
    apply N.log2_lt_pow2; [lia|]. destruct (N.lt_ge_cases (N.log2 S) n) as [L|L]; [exact L|].
    specialize (H _ L). rewrite N.bit_log2 in H; [discriminate|exact HS].
Qed.

Lemma plus_below : forall n S e, (S < 2 ^ n)%N -> (e < n)%N -> (plus S e < 2 ^ n)%N.
Proof.
  intros n S e HS He. apply below_iff. intros i Hi. unfold plus.
  rewrite N.setbit_neq by lia. apply (proj1 (below_iff n S) HS); exact Hi.
Qed.

Lemma plus_bit : forall S a b, N.testbit (plus S a) b = true -> b = a \/ N.testbit S b = true.
Proof.
  intros S a b H. unfold plus in H. destruct (N.eq_dec a b) as [->|D]; [now left|].
  rewrite N.setbit_neq in H by assumption. now right.
Qed.

Lemma marginals_fall : forall n f, monotone n f -> submodular n f ->
  forall items S d, (S < 2 ^ n)%N -> elements n items -> (d < n)%N ->
    f (plus (taken_from S items) d) - f (taken_from S items) <= f (plus S d) - f S.
Proof.
  intros n f M Sub items. induction items as [|e rest IH]; intros S d HS E Hd; simpl; [lra|].
  inversion E as [|? ? He Erest]; subst.
  assert (HSe := plus_below n S e HS He).
  eapply Rle_trans; [apply IH; assumption|].
  destruct (N.testbit S e) eqn:Be.
  - rewrite (plus_idem S e Be). lra.
  - destruct (N.testbit S d) eqn:Bd.
    + assert (Bd' : N.testbit (plus S e) d = true).
      { unfold plus. destruct (N.eq_dec e d) as [->|D]; [apply N.setbit_eq|rewrite N.setbit_neq by assumption; exact Bd]. }
      rewrite (plus_idem _ d Bd'), (plus_idem S d Bd). lra.
    + destruct (N.eq_dec e d) as [->|D].
      * rewrite (plus_idem (plus S d) d) by (unfold plus; apply N.setbit_eq).
        assert (X := M S d HS Hd). lra.
      * assert (X := Sub S e d HS He Hd Be Bd D). lra.
Qed.

Lemma taken_below : forall n items S, (S < 2 ^ n)%N -> elements n items -> (taken_from S items < 2 ^ n)%N.
Proof.
  intros n items. induction items as [|e rest IH]; intros S HS E; simpl; [exact HS|].
  inversion E; subst. apply IH; [apply plus_below|]; assumption.
Qed.

Lemma taken_plus : forall items S e, taken_from (plus S e) items = plus (taken_from S items) e.
Proof.
  induction items as [|d rest IH]; intros S e; simpl; [reflexivity|].
  rewrite plus_comm. apply IH.
Qed.

Lemma grows : forall n f, monotone n f ->
  forall items S, (S < 2 ^ n)%N -> elements n items -> f S <= f (taken_from S items).
Proof.
  intros n f M items. induction items as [|e rest IH]; intros S HS E; simpl; [lra|].
  inversion E; subst. eapply Rle_trans; [apply (M S e); assumption|].
  apply IH; [apply plus_below|]; assumption.
Qed.

(* what is added together is worth at most what is added one by one, each at most g *)
Lemma sum_of_marginals : forall n f g, monotone n f -> submodular n f ->
  forall items S, (S < 2 ^ n)%N -> elements n items ->
    Forall (fun d => f (plus S d) - f S <= g) items -> f (taken_from S items) - f S <= INR (length items) * g.
Proof.
  intros n f g M Sub items. induction items as [|e rest IH]; intros S HS E G; simpl taken_from.
  - simpl. lra.
  - inversion E; subst. inversion G; subst. rewrite taken_plus.
    assert (X := marginals_fall n f M Sub rest S e HS H2 H1).
    assert (Y := IH S HS H2 H4). change (length (e :: rest)) with (Datatypes.S (length rest)). rewrite S_INR. lra.
Qed.

Lemma taken_union : forall n f, monotone n f -> forall items S, (S < 2 ^ n)%N -> elements n items ->
  f (taken items) <= f (taken_from S items).
Proof.
  (* taken_from S items = items' closure over the elements of S: add the bits of S to `taken items` *)
  intros n f M items S HS E.
  assert (H : forall bits T, (T < 2 ^ n)%N -> elements n bits -> f T <= f (taken_from T bits)) by (intros; eapply grows; eauto).
  pose (bits := filter (N.testbit S) (map N.of_nat (seq 0 (N.to_nat n)))).
  assert (Eb : elements n bits).
  { apply Forall_forall. intros x Hx. apply filter_In in Hx. destruct Hx as [Hx _].
    apply in_map_iff in Hx. destruct Hx as [i [<- Hi]]. apply in_seq in Hi. lia. }
  assert (B : forall items T i, N.testbit (taken_from T items) i = (N.testbit T i || existsb (N.eqb i) items)%bool).
  { clear. induction items as [|e r IH]; intros T i; simpl; [now rewrite orb_false_r|].
    rewrite IH. unfold plus. rewrite orb_assoc. f_equal.
    destruct (N.eq_dec e i) as [->|D]; [rewrite N.setbit_eq, N.eqb_refl, orb_true_r; reflexivity|].
    rewrite N.setbit_neq by assumption. replace (N.eqb i e) with false by (symmetry; apply N.eqb_neq; congruence).
    now rewrite orb_false_r. }
  replace (taken_from S items) with (taken_from (taken items) bits).
  - apply H; [|exact Eb]. apply taken_below; [|exact E]. apply N.neq_0_lt_0, N.pow_nonzero. lia.
  - apply N.bits_inj. intro i. unfold taken. rewrite !B, N.bits_0, orb_false_l, orb_comm. f_equal.
    apply eq_true_iff_eq. rewrite existsb_exists. split.
    + intros [x [Hx Hi]]. apply N.eqb_eq in Hi. subst x. apply filter_In in Hx. tauto.
    + intro Hi. exists i. split; [|apply N.eqb_refl]. apply filter_In. split; [|exact Hi].
      apply in_map_iff. exists (N.to_nat i). split; [apply N2Nat.id|]. apply in_seq. split; [lia|].
      destruct (N.lt_ge_cases i n) as [L|L]; [lia|].
      rewrite (proj1 (below_iff n S) HS i L) in Hi. discriminate.
Qed.

(* the gap to `taken O` is at most length O times the largest marginal *)
Lemma gap : forall n f g, monotone n f -> submodular n f -> forall S O, (S < 2 ^ n)%N -> elements n O ->
  (forall d, (d < n)%N -> f (plus S d) - f S <= g) -> f (taken O) - f S <= INR (length O) * g.
Proof.
  intros n f g M Sub S O HS E G.
  assert (X := taken_union n f M O S HS E).
  assert (Y := sum_of_marginals n f g M Sub O S HS E).
  assert (F : Forall (fun d => f (plus S d) - f S <= g) O).
  { apply Forall_forall. intros d Hd. apply G. unfold elements in E. rewrite Forall_forall in E. auto. }
  specialize (Y F). lra.
Qed.

(* --- shares: 1 - 1/k for a whole number k --- *)

Lemma empty_below : forall n, (0 < 2 ^ n)%N.
Proof. intro n. apply N.neq_0_lt_0, N.pow_nonzero. lia. Qed.

Lemma part : forall k, (1 <= k)%nat -> 0 < / INR k <= 1.
Proof.
  intros k K. assert (1 <= INR k) by (apply (le_INR 1), K). split; [apply Rinv_0_lt_compat; lra|].
  assert (X : / INR k <= / 1) by (apply Rinv_le_contravar; lra). rewrite Rinv_1 in X. exact X.
Qed.

Lemma share_left : forall k, (1 <= k)%nat -> 0 <= 1 - / INR k.
Proof. intros k K. assert (X := part k K). lra. Qed.

Lemma share_small : forall k, (1 <= k)%nat -> (1 - / INR k) ^ k <= 1.
Proof.
  intros k K. assert (X := part k K). apply Rle_trans with (1 ^ k); [apply pow_incr; lra | rewrite pow1; lra].
Qed.

(* an element of the largest value closes a k-th of the gap to any k elements *)
Lemma step : forall n f S others e k, monotone n f -> submodular n f -> (S < 2 ^ n)%N -> elements n others -> (e < n)%N ->
  (length others <= k)%nat -> (1 <= k)%nat -> (forall d, (d < n)%N -> f (plus S d) <= f (plus S e)) ->
  f (taken others) - f (plus S e) <= (1 - / INR k) * (f (taken others) - f S).
Proof.
  intros n f S others e k M Sub HS E He L K Max.
  assert (G := gap n f (f (plus S e) - f S) M Sub S others HS E).
  assert (X : f (taken others) - f S <= INR (length others) * (f (plus S e) - f S))
    by (apply G; intros d Hd; specialize (Max d Hd); lra).
  assert (Up := M S e HS He). assert (LK := le_INR _ _ L). assert (K1 := le_INR _ _ K). simpl in K1.
  assert (Y : f (taken others) - f S <= INR k * (f (plus S e) - f S)).
  { apply Rle_trans with (1 := X). apply Rmult_le_compat_r; lra. }
  assert (P := part k K).
  assert (W : / INR k * (f (taken others) - f S) <= / INR k * (INR k * (f (plus S e) - f S)))
    by (apply Rmult_le_compat_l; lra).
  rewrite <- Rmult_assoc, Rinv_l, Rmult_1_l in W by lra. lra.
Qed.

(* --- functions of integers, given by the list of their values, and Boolean forms of the definitions --- *)

Definition value (table : list Z) (S : N) : R := IZR (nth (N.to_nat S) table 0%Z).

Definition integer (table : list Z) (S : N) : Z := nth (N.to_nat S) table 0%Z.

Definition below (n : N) : list N := map N.of_nat (seq 0 (N.to_nat n)).

Definition all_below (n : N) (p : N -> bool) : bool := forallb p (below n).

Lemma all_below_iff : forall n p, all_below n p = true <-> forall x, (x < n)%N -> p x = true.
Proof.
  intros n p. unfold all_below, below. rewrite forallb_forall. split; intros H x Hx.
  - apply H. apply in_map_iff. exists (N.to_nat x). split; [apply N2Nat.id|]. apply in_seq. lia.
  - apply H. apply in_map_iff in Hx. destruct Hx as [i [<- Hi]]. apply in_seq in Hi. lia.
Qed.

Lemma leb_value : forall t S T, (integer t S <=? integer t T)%Z = true <-> value t S <= value t T.
Proof. intros. unfold value, integer. rewrite Z.leb_le. split; [apply IZR_le|apply le_IZR]. Qed.

Definition monotoneb (n : N) (t : list Z) : bool :=
  all_below (2 ^ n) (fun S => all_below n (fun e => integer t S <=? integer t (plus S e))%Z).

Lemma monotoneb_iff : forall n t, monotoneb n t = true <-> monotone n (value t).
Proof.
  intros n t. unfold monotoneb, monotone. rewrite all_below_iff. split; intro H.
  - intros S e HS He. specialize (H S HS). rewrite all_below_iff in H. apply leb_value, H, He.
  - intros S HS. rewrite all_below_iff. intros e He. apply leb_value, H; assumption.
Qed.

Definition submodularb (n : N) (t : list Z) : bool :=
  all_below (2 ^ n) (fun S => all_below n (fun a => N.testbit S a || all_below n (fun b =>
    N.testbit S b || N.eqb a b ||
    (integer t (plus (plus S a) b) + integer t S <=? integer t (plus S a) + integer t (plus S b))%Z)))%bool.

Lemma submodularb_iff : forall n t, submodularb n t = true <-> submodular n (value t).
Proof.
  intros n t. unfold submodularb, submodular. rewrite all_below_iff. split; intro H.
  - intros S a b HS Ha Hb Sa Sb D. specialize (H S HS). rewrite all_below_iff in H. specialize (H a Ha).
    rewrite Sa in H. simpl in H. rewrite all_below_iff in H. specialize (H b Hb).
    rewrite Sb, (proj2 (N.eqb_neq a b) D) in H. simpl in H. apply Z.leb_le in H. apply IZR_le in H.
    rewrite !plus_IZR in H. exact H.
  - intros S HS. rewrite all_below_iff. intros a Ha. destruct (N.testbit S a) eqn:Sa; [reflexivity|]. simpl.
    rewrite all_below_iff. intros b Hb. destruct (N.testbit S b) eqn:Sb; [reflexivity|].
    destruct (N.eqb a b) eqn:D; [reflexivity|]. simpl. apply Z.leb_le, le_IZR. rewrite !plus_IZR.
    apply H; try assumption. now apply N.eqb_neq.
Qed.

Definition elementsb (n : N) (items : list N) : bool := forallb (fun e => N.ltb e n) items.

Lemma elementsb_iff : forall n items, elementsb n items = true <-> elements n items.
Proof.
  intros. unfold elementsb, elements. rewrite forallb_forall, Forall_forall.
  split; intros H x Hx; apply N.ltb_lt, H, Hx.
Qed.

(* the parts of a conjunction, and those of them that the Boolean forms decide *)
Ltac each_part := repeat match goal with |- _ /\ _ => split end.

Ltac decided := first [apply monotoneb_iff | apply submodularb_iff | apply elementsb_iff | apply Nat.leb_le];
  vm_compute; reflexivity.

(* a value at a set that is written out, as a number *)
Ltac numbers := unfold value;
  repeat match goal with |- context [nth ?i ?t 0%Z] => let v := eval vm_compute in (nth i t 0%Z) in
    replace (nth i t 0%Z) with v by (vm_compute; reflexivity) end;
  repeat match goal with |- context [INR ?k] => let v := eval vm_compute in (Z.of_nat k) in
    replace (INR k) with (IZR v) by (rewrite INR_IZR_INZ; reflexivity) end.
