(* dynamic_submodular/DS-T14-greedy: Greedy selection gets 1 - (1 - 1/k)^k of the optimum. Greedy selection of k
   elements gets at least 1 - (1 - 1/k)^k of OPT, the best value f of k elements. Of every monotone submodular
   function with f(empty) = 0, every number of elements and every k: the rule. *)
From Coq Require Import Reals NArith List Lra Lia Bool.
From Certificates Require Import Submodular.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

(* `run` adds to S the elements of a largest value, one after another, of which none was there *)
Fixpoint greedy (n : N) (f : N -> R) (S : N) (run : list N) : Prop :=
  match run with
  | [] => True
  | e :: rest => (e < n)%N /\ N.testbit S e = false /\ (forall d, (d < n)%N -> f (plus S d) <= f (plus S e)) /\
                 greedy n f (plus S e) rest
  end.

(* k elements are taken, or fewer where no element adds anything to them *)
Definition ended (n : N) (f : N -> R) (k : nat) (run : list N) : Prop :=
  length run = k \/ (length run < k)%nat /\ forall d, (d < n)%N -> f (plus (taken run) d) <= f (taken run).

Definition hypotheses (n : N) (f : N -> R) (k : nat) (run others : list N) : Prop :=
  f 0%N = 0 /\ monotone n f /\ submodular n f /\ (1 <= k)%nat /\
  greedy n f 0 run /\ ended n f k run /\ elements n others /\ (length others <= k)%nat.

Definition lhs (n : N) (f : N -> R) (k : nat) (run others : list N) : R := (1 - (1 - / INR k) ^ k) * f (taken others).

Definition rhs (n : N) (f : N -> R) (k : nat) (run others : list N) : R := f (taken run).

Definition claim : Prop :=
  forall n f k run others, hypotheses n f k run others -> lhs n f k run others <= rhs n f k run others.

(* --- proof --- *)

(* Boolean forms of the definitions, for functions with values that are whole numbers *)

Fixpoint greedyb (n : N) (t : list Z) (S : N) (run : list N) : bool :=
  match run with
  | [] => true
  | e :: rest => N.ltb e n && negb (N.testbit S e) &&
                 all_below n (fun d => integer t (plus S d) <=? integer t (plus S e))%Z && greedyb n t (plus S e) rest
  end.

Lemma greedyb_iff : forall n t run S, greedyb n t S run = true <-> greedy n (value t) S run.
Proof.
  intros n t run. induction run as [|e rest IH]; intro S; simpl; [tauto|].
  rewrite !andb_true_iff, N.ltb_lt, negb_true_iff, IH, all_below_iff.
  split; intros H; repeat split; try tauto; intros d Hd; apply leb_value; apply H, Hd.
Qed.

Definition endedb (n : N) (t : list Z) (k : nat) (run : list N) : bool :=
  Nat.eqb (length run) k ||
  (Nat.ltb (length run) k && all_below n (fun d => integer t (plus (taken run) d) <=? integer t (taken run))%Z).

Lemma endedb_iff : forall n t k run, endedb n t k run = true <-> ended n (value t) k run.
Proof.
  intros. unfold endedb, ended. rewrite orb_true_iff, andb_true_iff, Nat.eqb_eq, Nat.ltb_lt, all_below_iff.
  split; (intros [H | [H G]]; [now left | right; split; [exact H|]]); intros d Hd; apply leb_value, G, Hd.
Qed.

Ltac holds := unfold hypotheses; each_part;
  first [decided | reflexivity | apply greedyb_iff; vm_compute; reflexivity | apply endedb_iff; vm_compute; reflexivity].

Ltac impossible := numbers; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; numbers; field].

(* --- theorem --- *)

Lemma greedy_elements : forall n f run S, greedy n f S run -> elements n run.
Proof.
  intros n f run. induction run as [|e rest IH]; intros S G; [constructor|].
  destruct G as [He [_ [_ G]]]. constructor; [exact He | apply (IH _ G)].
Qed.

Lemma greedy_run : forall n f k others, monotone n f -> submodular n f -> (1 <= k)%nat ->
  elements n others -> (length others <= k)%nat -> forall run S, (S < 2 ^ n)%N -> greedy n f S run ->
  f (taken others) - f (taken_from S run) <= (1 - / INR k) ^ length run * (f (taken others) - f S).
Proof.
  intros n f k others M Sub K E L run. induction run as [|e rest IH]; intros S HS G; simpl; [lra|].
  destruct G as [He [_ [Max G]]].
  assert (X := IH (plus S e) (plus_below n S e HS He) G).
  assert (Y := step n f S others e k M Sub HS E He L K Max).
  assert (P : 0 <= (1 - / INR k) ^ length rest) by (apply pow_le, share_left, K).
  apply Rle_trans with (1 := X). rewrite (Rmult_comm (1 - / INR k)), Rmult_assoc.
  apply Rmult_le_compat_l; assumption.
Qed.

Theorem certified : claim.
Proof.
  intros n f k run others [Z [M [Sub [K [G [D [E L]]]]]]]. unfold lhs, rhs.
  assert (F := grows n f M others 0%N (empty_below n) E). rewrite Z in F. fold (taken others) in F.
  assert (Q := share_left k K). assert (Q1 := share_small k K).
  destruct D as [D | [_ D]].
  - assert (X := greedy_run n f k others M Sub K E L run 0%N (empty_below n) G).
    fold (taken run) in X. rewrite Z, D in X. lra.
  - assert (R0 : (taken run < 2 ^ n)%N) by (apply taken_below; [apply empty_below | apply (greedy_elements n f run 0%N G)]).
    assert (X := gap n f 0 M Sub (taken run) others R0 E).
    assert (Y : f (taken others) - f (taken run) <= INR (length others) * 0) by (apply X; intros d Hd; specialize (D d Hd); lra).
    assert (P : 0 <= (1 - / INR k) ^ k) by (apply pow_le, Q). nra.
Qed.
