(* dynamic_submodular/DS-T14-sieve: One pass with a sieve gets 1/2 - epsilon of the optimum. One pass over the
   elements in any order, with guesses of OPT of ratio 1 + epsilon, gives a set S worth at least 1/2 - epsilon of
   OPT, the best value f of at most k elements. Of every monotone submodular function with f(empty) = 0, every
   order of its elements, every k and epsilon: the rule. *)
From Coq Require Import Reals NArith List Lra Lia Bool.
From Certificates Require Import Submodular.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

(* elements with a mark of those that are taken: while room is left, those whose marginal is positive and at least an
   equal share of what the set lacks to a half of the guess *)
Fixpoint sieve (f : N -> R) (half : R) (S : N) (room : nat) (stream : list (N * bool)) : Prop :=
  match stream with
  | [] => True
  | (e, true) :: rest => (1 <= room)%nat /\ half - f S <= INR room * (f (plus S e) - f S) /\
                         sieve f half (plus S e) (room - 1) rest
  | (e, false) :: rest => (room = 0%nat \/ f (plus S e) <= f S \/ INR room * (f (plus S e) - f S) < half - f S) /\
                          sieve f half S room rest
  end.

Definition kept (stream : list (N * bool)) : list N := map fst (filter snd stream).

(* all elements pass once; one guess of the value of the others is within a factor; no guess has a better set than `run` *)
Definition hypotheses (n : N) (f : N -> R) (k : nat) (epsilon guess : R) (stream : list (N * bool)) (run others : list N) : Prop :=
  monotone n f /\ submodular n f /\ f 0%N = 0 /\ (1 <= k)%nat /\ 0 <= epsilon /\ map fst stream = below n /\
  sieve f (guess / 2) 0 k stream /\ elements n others /\ (length others <= k)%nat /\ elements n run /\ (length run <= k)%nat /\
  (1 - 2 * epsilon) * f (taken others) <= guess /\ guess <= (1 + 2 * epsilon) * f (taken others) /\
  f (taken (kept stream)) <= f (taken run).

Definition lhs (n : N) (f : N -> R) (k : nat) (epsilon guess : R) (stream : list (N * bool)) (run others : list N) : R :=
  (1 / 2 - epsilon) * f (taken others).

Definition rhs (n : N) (f : N -> R) (k : nat) (epsilon guess : R) (stream : list (N * bool)) (run others : list N) : R :=
  f (taken run).

Definition claim : Prop := forall n f k epsilon guess stream run others,
  hypotheses n f k epsilon guess stream run others ->
  lhs n f k epsilon guess stream run others <= rhs n f k epsilon guess stream run others.

(* --- proof --- *)

Ltac chosen := first [lia | reflexivity | lra | left; lia | right; left; lra | right; right; lra].

Ltac holds := unfold hypotheses; each_part; first [decided | simpl; each_part; numbers; chosen].

Ltac impossible := numbers; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; numbers; field].

(* --- theorem --- *)

Lemma kept_elements : forall n stream, elements n (map fst stream) -> elements n (kept stream).
Proof.
  intros n stream E. unfold kept. induction stream as [|[e b] rest IH]; [constructor|].
  inversion E; subst. destruct b; simpl; [constructor; [assumption|]|]; apply IH; assumption.
Qed.

(* a set that is full is worth half of the guess *)
Lemma full : forall f half stream S room, sieve f half S room stream -> (room = 0%nat -> half <= f S) ->
  (room <= length (kept stream))%nat -> half <= f (taken_from S (kept stream)).
Proof.
  intros f half. induction stream as [|[e b] rest IH]; intros S room G Z L.
  - apply Z. simpl in L. lia.
  - destruct b; destruct G as [P G].
    + destruct G as [Q G]. simpl. apply (IH (plus S e) (room - 1)%nat G).
      * intro R1. assert (room = 1%nat) by lia. subst room. simpl in Q. lra.
      * unfold kept in *. simpl in L. lia.
    + apply (IH S room G Z). exact L.
Qed.

(* to a set that is not full no element of the stream adds more than g, an equal share of what the first set lacks *)
Lemma small : forall n f half g, monotone n f -> submodular n f -> 0 <= g -> forall stream S room,
  (S < 2 ^ n)%N -> elements n (map fst stream) -> sieve f half S room stream -> half - f S <= INR room * g ->
  (length (kept stream) < room)%nat -> forall d, In d (map fst stream) ->
  f (plus (taken_from S (kept stream)) d) - f (taken_from S (kept stream)) <= g.
Proof.
  intros n f half g M Sub G. induction stream as [|[e b] rest IH]; intros S room HS E R1 B L d D; [contradiction|].
  inversion E as [|? ? He Erest]; subst. destruct b; destruct R1 as [P R1].
  - destruct R1 as [Q R1]. unfold kept in *. simpl in *. destruct D as [<- | D].
    + rewrite taken_plus, plus_idem by (unfold plus; apply N.setbit_eq). lra.
    + apply IH with (room := (room - 1)%nat); try assumption; [apply plus_below; assumption| |lia].
      assert (K : INR room = INR (room - 1) + 1) by (rewrite <- S_INR; f_equal; lia).
      assert (K0 := pos_INR (room - 1)). set (gain := f (plus S e) - f S) in *.
      rewrite K in *. destruct (Rle_lt_dec g gain).
      * unfold gain in *. lra.
      * assert (INR (room - 1) * gain <= INR (room - 1) * g) by (apply Rmult_le_compat_l; lra). unfold gain in *. lra.
  - unfold kept in *. simpl in *. destruct D as [<- | D]; [|now apply IH with room].
    assert (X := marginals_fall n f M Sub (map fst (filter snd rest)) S e HS (kept_elements n rest Erest) He).
    destruct P as [P | [P | P]]; [lia | lra |].
    assert (K : 0 < INR room) by (apply lt_0_INR; lia).
    assert (Y : INR room * (f (plus S e) - f S) < INR room * g) by lra. apply Rmult_lt_reg_l in Y; lra.
Qed.

Theorem certified : claim.
Proof.
  intros n f k epsilon guess stream run others [M [Sub [Z [K [E [A [G [EO [L [ER [LR [Low [High Best]]]]]]]]]]]]].
  unfold lhs, rhs. apply Rle_trans with (2 := Best).
  assert (ES : elements n (map fst stream)).
  { rewrite A. apply Forall_forall. intros x X. apply in_map_iff in X. destruct X as [i [<- I]]. apply in_seq in I. lia. }
  assert (V0 := grows n f M others 0%N (empty_below n) EO). rewrite Z in V0. fold (taken others) in V0.
  destruct (Nat.le_gt_cases k (length (kept stream))) as [F | F].
  - assert (X := full f (guess / 2) stream 0%N k G ltac:(lia) F). unfold taken at 2. lra.
  - assert (Pk : 0 < INR k) by (apply lt_0_INR; lia). destruct (Rle_lt_dec guess 0) as [N0 | Pos].
    + assert (X := grows n f M (kept stream) 0%N (empty_below n) (kept_elements n stream ES)). rewrite Z in X.
      unfold taken at 2. lra.
    + assert (X := small n f (guess / 2) (guess / 2 / INR k) M Sub ltac:(apply Rlt_le, Rdiv_lt_0_compat; lra) stream 0%N k
        (empty_below n) ES G ltac:(rewrite Z; right; field; lra) F).
      assert (Y := gap n f (guess / 2 / INR k) M Sub (taken (kept stream)) others
        (taken_below n (kept stream) 0%N (empty_below n) (kept_elements n stream ES)) EO).
      assert (W : f (taken others) - f (taken (kept stream)) <= INR (length others) * (guess / 2 / INR k)).
      { apply Y. intros d D. apply X. rewrite A. apply in_map_iff. exists (N.to_nat d). split; [apply N2Nat.id|].
        apply in_seq. lia. }
      assert (U : INR (length others) * (guess / 2 / INR k) <= INR k * (guess / 2 / INR k)).
      { apply Rmult_le_compat_r; [apply Rlt_le, Rdiv_lt_0_compat; lra | apply le_INR, L]. }
      replace (INR k * (guess / 2 / INR k)) with (guess / 2) in U by (field; lra). lra.
Qed.
