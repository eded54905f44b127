(* dynamic_submodular/DS-P7: Every greedy step closes a k-th of the gap. A greedy step from S_{i-1} to S_i closes
   at least a k-th of the gap to OPT, the best value f of k elements. Of every monotone submodular function, every
   set from which a greedy step is made and every k: the rule. *)
From Coq Require Import Reals NArith List Lra Lia Bool.
From Certificates Require Import Submodular.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

(* no element is worth more together with S than e *)
Definition largest (n : N) (f : N -> R) (S e : N) : Prop :=
  (e < n)%N /\ forall d, (d < n)%N -> f (plus S d) <= f (plus S e).

Definition hypotheses (n : N) (f : N -> R) (k : nat) (before : list N) (e : N) (others : list N) : Prop :=
  monotone n f /\ submodular n f /\ (1 <= k)%nat /\ elements n before /\ largest n f (taken before) e /\
  elements n others /\ (length others <= k)%nat.

Definition lhs (n : N) (f : N -> R) (k : nat) (before : list N) (e : N) (others : list N) : R :=
  f (taken others) - f (plus (taken before) e).

Definition rhs (n : N) (f : N -> R) (k : nat) (before : list N) (e : N) (others : list N) : R :=
  (1 - / INR k) * (f (taken others) - f (taken before)).

Definition claim : Prop := forall n f k before e others,
  hypotheses n f k before e others -> lhs n f k before e others <= rhs n f k before e others.

(* --- proof --- *)

(* the Boolean form of the definition, for functions with values that are whole numbers *)

Definition largestb (n : N) (t : list Z) (S e : N) : bool :=
  N.ltb e n && all_below n (fun d => integer t (plus S d) <=? integer t (plus S e))%Z.

Lemma largestb_iff : forall n t S e, largestb n t S e = true <-> largest n (value t) S e.
Proof.
  intros. unfold largestb, largest. rewrite andb_true_iff, N.ltb_lt, all_below_iff.
  split; intros H; split; try tauto; intros d Hd; apply leb_value; apply H, Hd.
Qed.

Ltac holds := unfold hypotheses; each_part;
  first [decided | apply largestb_iff; vm_compute; reflexivity].

Ltac impossible := numbers; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; numbers; field].

(* --- theorem --- *)

Theorem certified : claim.
Proof.
  intros n f k before e others [M [Sub [K [B [[He Max] [E L]]]]]]. unfold lhs, rhs.
  apply (step n f (taken before) others e k M Sub); try assumption. apply taken_below; [apply empty_below | exact B].
Qed.
