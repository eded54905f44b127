(* dynamic_submodular/DS-T14-sieve-pp: A sieve with fixed thresholds gets 1/2 - epsilon of the optimum. One pass in
   which every set has a fixed threshold, on a grid of ratio 1 + epsilon, finds a set S worth at least 1/2 -
   epsilon of OPT, the best value f of at most k elements. Of every monotone submodular function with f(empty) = 0,
   every order of its elements, every k and epsilon: the rule. *)
From Coq Require Import Reals NArith List Lra Lia Bool.
From Certificates Require Import Submodular.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

(* elements with a mark of those that are taken: while room is left, those whose marginal is positive and at least the bar *)
Fixpoint sieve (f : N -> R) (bar : R) (S : N) (room : nat) (stream : list (N * bool)) : Prop :=
  match stream with
  | [] => True
  | (e, true) :: rest => (1 <= room)%nat /\ bar <= f (plus S e) - f S /\ sieve f bar (plus S e) (room - 1) rest
  | (e, false) :: rest => (room = 0%nat \/ f (plus S e) <= f S \/ f (plus S e) - f S < bar) /\ sieve f bar S room rest
  end.

Definition kept (stream : list (N * bool)) : list N := map fst (filter snd stream).

(* all elements pass once; k times one bar is half of the value of the others, within a factor; no bar has a better set than `run` *)
Definition hypotheses (n : N) (f : N -> R) (k : nat) (epsilon bar : R) (stream : list (N * bool)) (run others : list N) : Prop :=
  monotone n f /\ submodular n f /\ f 0%N = 0 /\ (1 <= k)%nat /\ 0 <= epsilon /\ map fst stream = below n /\
  sieve f bar 0 k stream /\ elements n others /\ (length others <= k)%nat /\ elements n run /\ (length run <= k)%nat /\
  (1 / 2 - epsilon) * f (taken others) <= INR k * bar /\ INR k * bar <= (1 / 2 + epsilon) * f (taken others) /\
  f (taken (kept stream)) <= f (taken run).

Definition lhs (n : N) (f : N -> R) (k : nat) (epsilon bar : R) (stream : list (N * bool)) (run others : list N) : R :=
  (1 / 2 - epsilon) * f (taken others).

Definition rhs (n : N) (f : N -> R) (k : nat) (epsilon bar : R) (stream : list (N * bool)) (run others : list N) : R :=
  f (taken run).

Definition claim : Prop := forall n f k epsilon bar stream run others,
  hypotheses n f k epsilon bar stream run others ->
  lhs n f k epsilon bar stream run others <= rhs n f k epsilon bar stream run others.

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

(* each element that is taken adds the bar *)
Lemma full : forall f bar stream S room, 0 <= bar -> sieve f bar S room stream -> (room <= length (kept stream))%nat ->
  INR room * bar + f S <= f (taken_from S (kept stream)).
Proof.
  intros f bar stream. induction stream as [|[e b] rest IH]; intros S room P G L.
  - simpl in *. replace room with 0%nat by lia. simpl. lra.
  - destruct b; destruct G as [Q G]; [|now apply IH]. destruct G as [Q1 G]. unfold kept in *. simpl in *.
    assert (X := IH (plus S e) (room - 1)%nat P G ltac:(lia)).
    assert (K : INR room = INR (room - 1) + 1) by (rewrite <- S_INR; f_equal; lia). rewrite K. lra.
Qed.

(* to a set that is not full no element of the stream adds more than the bar *)
Lemma small : forall n f bar, monotone n f -> submodular n f -> 0 <= bar -> forall stream S room,
  (S < 2 ^ n)%N -> elements n (map fst stream) -> sieve f bar S room stream ->
  (length (kept stream) < room)%nat -> forall d, In d (map fst stream) ->
  f (plus (taken_from S (kept stream)) d) - f (taken_from S (kept stream)) <= bar.
Proof.
  intros n f bar M Sub P. induction stream as [|[e b] rest IH]; intros S room HS E G L d D; [contradiction|].
  inversion E as [|? ? He Erest]; subst. unfold kept in *. simpl in *. destruct b; destruct G as [Q G].
  - destruct G as [_ G]. simpl in *. destruct D as [<- | D].
    + rewrite taken_plus, plus_idem by (unfold plus; apply N.setbit_eq). lra.
    + apply IH with (room := (room - 1)%nat); try assumption; [apply plus_below; assumption | lia].
  - destruct D as [<- | D]; [|now apply IH with room].
    assert (X := marginals_fall n f M Sub (map fst (filter snd rest)) S e HS (kept_elements n rest Erest) He).
    destruct Q as [Q | [Q | Q]]; [lia | lra | lra].
Qed.

Theorem certified : claim.
Proof.
  intros n f k epsilon bar stream run others [M [Sub [Z [K [E [A [G [EO [L [ER [LR [Low [High Best]]]]]]]]]]]]].
  unfold lhs, rhs. apply Rle_trans with (2 := Best).
  assert (ES : elements n (map fst stream)).
  { rewrite A. apply Forall_forall. intros x X. apply in_map_iff in X. destruct X as [i [<- I]]. apply in_seq in I. lia. }
  assert (V := grows n f M others 0%N (empty_below n) EO). rewrite Z in V. fold (taken others) in V.
  assert (Pk : 0 < INR k) by (apply lt_0_INR; lia). destruct (Rle_lt_dec bar 0) as [N0 | Pos].
  - assert (X := grows n f M (kept stream) 0%N (empty_below n) (kept_elements n stream ES)). rewrite Z in X.
    assert (0 <= INR k * - bar) by (apply Rmult_le_pos; lra). unfold taken at 2. lra.
  - destruct (Nat.le_gt_cases k (length (kept stream))) as [F | F].
    + assert (X := full f bar stream 0%N k ltac:(lra) G F). rewrite Z in X. unfold taken at 2. lra.
    + assert (X := small n f bar M Sub ltac:(lra) stream 0%N k (empty_below n) ES G F).
      assert (Y := gap n f bar M Sub (taken (kept stream)) others
        (taken_below n (kept stream) 0%N (empty_below n) (kept_elements n stream ES)) EO).
      assert (W : f (taken others) - f (taken (kept stream)) <= INR (length others) * bar).
      { apply Y. intros d D. apply X. rewrite A. apply in_map_iff. exists (N.to_nat d). split; [apply N2Nat.id|].
        apply in_seq. lia. }
      assert (U : INR (length others) * bar <= INR k * bar) by (apply Rmult_le_compat_r; [lra | apply le_INR, L]). lra.
Qed.
